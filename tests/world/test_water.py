"""Water with all that is real: the interpreter, reader bytes, the meter's edges, the server."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from protocol import reasons, record
from terminal_sim import fleet
from terminal_sim.fleet import Fleet
from terminal_sim.mifare import MifareClassic
from terminal_sim.pipework import MICRO
from terminal_sim.server import ServerProblem, ServerProcess


@asynccontextmanager
async def valve(folder):
    """A server and a valve -> (server, terminal, a card with 50 yuan and its number)."""
    server = ServerProcess(folder)
    server.start()
    try:
        async with Fleet(server, folder) as made:
            place = made.add("water", "一号浴室", "浴室")
            await made.ready()
            uid = b"\x5a\x01\x02\x03"
            wish = {"holder_kind": 2, "name": "student", "uid": uid.hex(), "zones": 1,
                    "valid_until": "2037-12-31", "balance_fen": 5000}  # fmt: skip
            number, blocks = server.issue([wish])[0]
            yield server, place.terminal, number, MifareClassic(uid, blocks)
    finally:
        server.stop()


def balances(server):
    ledger = server.call("GET", "/api/ledger")
    return {(a["type"], a["key"]): a["balance_fen"] for a in ledger["accounts"]}


async def until(what, seconds=60):
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.02)


async def records(server, count):
    await until(lambda: server.call("GET", "/api/status")["records"] >= count)


@pytest.fixture
def run(tmp_path):
    def play(story):
        async def whole():
            async with valve(tmp_path) as made:
                await story(*made)

        asyncio.run(asyncio.wait_for(whole(), 300))

    return play


# shows R3
def test_a_shower(run):
    async def story(server, terminal, number, card):
        pipe = terminal.plumbing.pipe
        terminal.field.put(card)
        await until(lambda: "valve" in terminal.pins.on)
        await until(lambda: pipe.flowed >= 20 * MICRO)
        pipe.tap_open = False
        flowed = pipe.flowed
        terminal.panel.press("*")
        await until(lambda: terminal.panel.shows("余额"))
        units = flowed // MICRO
        assert terminal.panel.rows[1] == f"用 {fleet.yuan(units)} 元"
        assert terminal.panel.rows[2] == f"余额 {fleet.yuan(5000 - units)} 元"
        await records(server, 3)
        found = balances(server)
        assert found["purse", str(number)] == 5000 - units
        assert found["merchant", "浴室"] == units
        assert found["suspense", "reserve"] == 0
        assert int.from_bytes(max(card.block(5)[:6], card.block(6)[:6])[3:], "big") == 5000 - units

    run(story)


def test_a_card_that_goes_shuts_the_valve_and_gets_the_rest_at_its_next_tap(run):
    async def story(server, terminal, number, card):
        pipe = terminal.plumbing.pipe
        terminal.field.put(card)
        await until(lambda: pipe.flowed >= 10 * MICRO)
        terminal.field.take(card)
        await until(lambda: "valve" not in terminal.pins.on)
        await until(lambda: terminal.panel.shows("应退"))
        flowed = pipe.flowed // MICRO
        terminal.field.put(card)
        await until(lambda: "valve" in terminal.pins.on)
        await until(lambda: pipe.flowed // MICRO >= flowed + 5)
        terminal.field.take(card)
        await until(lambda: "valve" not in terminal.pins.on)
        await records(server, 5)
        found = balances(server)
        assert found["merchant", "浴室"] in (pipe.flowed // MICRO - 1, pipe.flowed // MICRO)
        assert found["purse", str(number)] == 5000 - flowed - 500

    run(story)


# shows R18
def test_power_and_theft(run):
    async def story(server, terminal, number, card):
        pipe = terminal.plumbing.pipe
        terminal.field.put(card)
        await until(lambda: pipe.flowed >= 10 * MICRO)
        terminal.kill()
        terminal.field.take(card)
        terminal.plumbing.step()
        flowed = pipe.flowed // MICRO
        terminal.start()
        await records(server, 2)
        assert flowed - 2 <= balances(server)["merchant", "浴室"] <= flowed
        await until(lambda: terminal.panel.shows("请刷卡"))
        pipe.faults.stuck_open = True
        await records(server, 3)
        assert server.records(1)[-1][1:4] == [record.EVENT, record.DONE, reasons.LEAK]
        alarm = server.call("GET", "/api/status")["alarms"][0]
        assert (alarm["terminal"], alarm["reason"], alarm["place"]) == (1, reasons.LEAK, "一号浴室")
        pipe.faults.stuck_open = False
        with pytest.raises(ServerProblem, match="no list of cards"):
            server.call("PUT", "/api/terminals/1/grants", {"cards": [number]})

    run(story)


# shows R18
def test_a_babbling_meter_shuts_the_valve_and_the_terminal_goes_on(run):
    async def story(server, terminal, number, card):
        pipe = terminal.plumbing.pipe
        terminal.field.put(card)
        await until(lambda: pipe.flowed >= 5 * MICRO)
        pipe.faults.babbles = True
        await until(lambda: "valve" not in terminal.pins.on)
        await asyncio.sleep(1)
        pipe.faults.babbles = False
        await until(lambda: server.call("GET", "/api/status")["records"] >= 3)
        assert reasons.METER_NOISE in [row[3] for row in server.records(1)]
        terminal.field.take(card)
        await asyncio.sleep(11)
        terminal.field.put(card)
        await until(lambda: "valve" in terminal.pins.on)

    run(story)
