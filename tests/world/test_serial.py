"""Terminals with the real firmware on one simulated RS-485 bus, into the real `campus serve`."""

import asyncio
from contextlib import asynccontextmanager

from protocol import frame
from terminal_sim import fleet
from terminal_sim.bus import Babbler, SimulatedBus
from terminal_sim.mifare import MifareClassic
from terminal_sim.prng import Prng
from terminal_sim.server import ServerProcess

BAUD = 115_200
POLL = frame.POLL
SAID_BY_TERMINALS = (frame.HELLO, frame.TERMINAL_REQUEST, frame.TERMINAL_REPLY, POLL)
# one mute, one sought, one babbling for 300 bytes are 1 s (docs/serial.md); the rest is patience
LONGEST_GAP_S = 10.0


def card(server, number):
    """-> (card number, card) of a student with 50 yuan."""
    uid = b"\x5a" + number.to_bytes(3, "big")
    wish = {
        "holder_kind": 2, "name": "student", "uid": uid.hex(), "valid_until": "2037-12-31",
        "zones": 1, "balance_fen": 5000,
    }  # fmt: skip
    issued, blocks = server.issue([wish])[0]
    return issued, MifareClassic(uid, blocks)


@asynccontextmanager
async def canteen(tmp_path, tills):
    """(server, fleet, bus): so many POS terminals on a bus, ready."""
    bus = SimulatedBus(BAUD, Prng(485))
    bus.attach(asyncio.get_running_loop())
    keys = str(tmp_path / "keys.txt")
    options = ("--serial", f"{bus.station().path}@{BAUD}", "--key-log", keys)
    server = ServerProcess(tmp_path, more=options)
    try:
        await asyncio.to_thread(server.start)
        async with fleet.Fleet(server, tmp_path) as places:
            for n in range(tills):
                places.add("pos", f"till {n}", "canteen", serial=bus.station().path)
            await places.ready()
            yield server, places, bus
    finally:
        await asyncio.to_thread(server.stop)
        bus.close()


async def uploaded(server, records):
    async with asyncio.timeout(20):
        while True:  # until they are there, or the time-out
            status = await asyncio.to_thread(server.call, "GET", "/api/status")
            if status["records"] >= records:
                return status
            await asyncio.sleep(0.05)


def gaps_s(log, address):
    """Seconds between one frame of this terminal on the wire and its next, nothings included."""
    receiver, at_s = frame.Receiver(), []
    for now_s, data in log:
        for whose, kind, payload in receiver.feed(data):
            if whose == address and kind in SAID_BY_TERMINALS and not (kind == POLL and payload):
                at_s.append(now_s)
    return [later - earlier for earlier, later in zip(at_s, at_s[1:], strict=False)]


async def reached(server, path, terminals):
    async with asyncio.timeout(60):
        confirmed = 0
        while confirmed < terminals:
            reach = await asyncio.to_thread(server.call, "GET", path)
            confirmed = reach["confirmed"]
            await asyncio.sleep(0.05)


# shows R26
def test_purchases_and_a_loss_report_on_a_bus_with_a_mute_and_a_babbling_terminal(tmp_path):
    async def story():
        async with canteen(tmp_path, 2) as (server, places, bus):
            first, second = (place.terminal for place in places.places)
            number, paying = card(server, 1)
            assert await fleet.pay(first, paying, 1250) == fleet.ACCEPTED
            await asyncio.to_thread(server.enrol, "pos", "mute", "canteen")
            loud, _ = await asyncio.to_thread(server.enrol, "pos", "loud", "canteen")
            babbler = Babbler(Prng(1), burst=300, every_s=1.0, address=loud)
            bus.babble(babbler)
            bus.log = []
            assert await fleet.pay(second, paying, 700) == fleet.ACCEPTED
            status = await uploaded(server, 2)
            assert (status["accepted"], status["ledger_sum"]) == (2, 0)
            path = f"/api/cards/{number}/loss"
            await asyncio.to_thread(server.call, "POST", path)
            await reached(server, path, 2)
            for terminal in (first, second):
                assert await fleet.pay(terminal, paying, 100) == fleet.REFUSED
                assert terminal.panel.shows("卡已挂失")
            keys = tmp_path / "keys.txt"
            assert keys.stat().st_mode & 0o777 == 0o600 and len(keys.read_text().split("\n")) == 3
            assert "WARNING" in (tmp_path / "server.log").read_text()
            await asyncio.sleep(4)
            assert babbler.bursts >= 3 and babbler.answers >= 2 and bus.collided > 0
            for place in places.places:
                gaps = sorted(gaps_s(bus.log, place.number))
                assert len(gaps) > 50
                print(
                    f"terminal {place.number}: {len(gaps)} turns, "
                    f"median {gaps[len(gaps) // 2] * 1000:.0f} ms, longest {gaps[-1] * 1000:.0f}"
                )
                assert gaps[-1] < LONGEST_GAP_S

    asyncio.run(asyncio.wait_for(story(), 240))


def test_a_server_that_was_killed_and_a_till_that_lost_power_come_back_to_their_bus(tmp_path):
    async def story():
        async with canteen(tmp_path, 2) as (server, places, _):
            first, second = (place.terminal for place in places.places)
            _, paying = card(server, 1)
            await asyncio.to_thread(server.kill)
            second.kill()
            assert await fleet.pay(first, paying, 300) == fleet.ACCEPTED  # offline
            await asyncio.to_thread(server.start)
            second.start()
            await uploaded(server, 1)
            await places.ready()
            assert await fleet.pay(second, paying, 400) == fleet.ACCEPTED
            status = await uploaded(server, 2)
            assert (status["accepted"], status["ledger_sum"]) == (2, 0)

    asyncio.run(asyncio.wait_for(story(), 240))
