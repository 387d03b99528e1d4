"""A gate with its door, button and fire loop: the real firmware, and what the server hears."""

import asyncio
import json
import os

import pytest

from protocol import reasons, record
from terminal_sim.fleet import Fleet, present
from terminal_sim.server import ServerProcess
from tests.world.test_water import until

PLACE = "图书馆东门"


async def play(folder, story):
    """story(server, terminal, issue, local): local is the end of the line that a program has."""
    server = ServerProcess(folder)
    server.start()
    ours, theirs = os.openpty()
    os.set_blocking(ours, False)
    try:
        async with Fleet(server, folder) as made:
            place = made.add("gate", PLACE, "图书馆", pace={"local": os.ttyname(theirs)})
            await made.ready()
            await story(server, place.terminal, ours)
    finally:
        server.stop()
        os.close(ours)
        os.close(theirs)


@pytest.fixture
def run(tmp_path):
    return lambda story: asyncio.run(asyncio.wait_for(play(tmp_path, story), 90))


def student(server, number, valid_until="2037-12-31"):
    from terminal_sim.mifare import MifareClassic

    uid = b"\x5a\x02\x01" + bytes((number,))
    wish = {"holder_kind": 2, "name": "student", "uid": uid.hex(), "zones": 1,
            "valid_until": valid_until, "balance_fen": 0}  # fmt: skip
    card, blocks = server.issue([wish])[0]
    return card, MifareClassic(uid, blocks)


async def logged(server, *wanted):
    """Wait until the last records of the gate are of these (type, reason, card)."""
    told = [row[1:2] + row[3:4] + row[5:6] for row in server.records(1)]
    async with asyncio.timeout(20):
        while told[-len(wanted) :] != [list(row) for row in wanted]:
            await asyncio.sleep(0.05)
            told = [row[1:2] + row[3:4] + row[5:6] for row in server.records(1)]


# shows R2
def test_a_day_at_a_door(run):
    async def story(server, terminal, _):
        door, panel = terminal.doorway, terminal.panel
        card, body = student(server, 1)
        server.call("PUT", "/api/terminals/1/params", {"held_s": 1, "passback_s": 60})
        assert not door.move(True)  # locked
        assert await present(terminal, body) == "accepted"
        await until(lambda: door.is_unlocked)
        assert door.move(True)
        await until(lambda: panel.shows("门开着太久"))
        assert await present(terminal, body) == "refused"
        assert panel.shows("此卡刚刚进入")
        door.move(False)
        await until(lambda: not door.is_unlocked)
        door.press()
        await until(lambda: door.is_unlocked)
        door.move(True)
        door.move(False)
        await until(lambda: not door.is_unlocked)
        door.move(True, by_force=True)
        await until(lambda: panel.shows("门被强行打开"))
        door.move(False)
        await logged(
            server,
            (record.PASS, 0, card),
            (record.EVENT, reasons.DOOR_HELD, 0),
            (record.REFUSAL, reasons.PASSBACK, card),
            (record.PASS, 0, 0),
            (record.EVENT, reasons.DOOR_FORCED, 0),
        )
        alarms = server.call("GET", "/api/status")["alarms"]
        assert [alarm["reason"] for alarm in alarms] == [reasons.DOOR_FORCED, reasons.DOOR_HELD]
        assert alarms[0]["place"] == PLACE

    run(story)


# shows R19
def test_a_fire_opens_whatever_else_fails_and_outlives_a_power_cut(run):
    async def story(server, terminal, _):
        door, panel = terminal.doorway, terminal.panel
        late, expired = student(server, 2, "2020-06-30")
        assert await present(terminal, expired) == "refused"
        server.kill()
        door.burn(True)
        await until(lambda: door.is_unlocked and panel.shows("火警"))
        terminal.kill()
        assert not door.is_unlocked  # a lock that needs power to hold is the door's matter
        terminal.start()
        await until(lambda: door.is_unlocked and panel.shows("门已打开"))
        assert await present(terminal, expired) == "accepted"
        await asyncio.sleep(4)  # longer than a pass opens
        assert door.is_unlocked
        server.start()
        await logged(
            server,
            (record.REFUSAL, reasons.EXPIRED, late),
            (record.EVENT, reasons.FIRE, 0),
            (record.EVENT, reasons.FIRE, 0),
            (record.PASS, 0, late),
        )
        door.burn(False)
        await until(lambda: not door.is_unlocked, 20)

    run(story)


# shows R2
def test_a_program_beside_the_gate_asks_who_was_let_through(run):
    async def story(server, terminal, local):
        async def ask(question):
            os.write(local, question)
            said = b""
            async with asyncio.timeout(10):
                while not said.endswith(b"\n"):
                    await asyncio.sleep(0.02)
                    try:
                        said += os.read(local, 512)
                    except BlockingIOError:
                        continue
            return json.loads(said)

        card, body = student(server, 3)
        assert await ask(b"last\n") == {"error": "not allowed"}
        server.call("PUT", "/api/terminals/1/params", {"tells_holder": 1})
        async with asyncio.timeout(10):
            while "error" in await ask(b"last\n"):
                await asyncio.sleep(0.05)
        next_one = asyncio.create_task(ask(b"next\n"))
        await asyncio.sleep(0.1)
        assert await present(terminal, body) == "accepted"
        told = await next_one
        assert told["holder"] == {"card": card, "kind": "student", "valid_until": "2037-12-31"}
        assert (await ask(b"last\n"))["holder"] == told["holder"]

    run(story)
