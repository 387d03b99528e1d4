"""Terminals with the real firmware on one simulated RS-485 bus, into the real `campus serve`."""

import asyncio
from contextlib import asynccontextmanager

from terminal_sim import fleet
from terminal_sim.bus import SimulatedBus
from terminal_sim.mifare import MifareClassic
from terminal_sim.prng import Prng
from terminal_sim.server import ServerProcess

BAUD = 115_200


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
    server = ServerProcess(tmp_path, more=("--serial", f"{bus.station().path}@{BAUD}"))
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


def test_purchases_of_two_tills_on_one_bus_arrive(tmp_path):
    async def story():
        async with canteen(tmp_path, 2) as (server, places, bus):
            number, paying = card(server, 1)
            for place in places.places:
                assert await fleet.pay(place.terminal, paying, 1250) == fleet.ACCEPTED
            status = await uploaded(server, 2)
            assert (status["accepted"], status["ledger_sum"]) == (2, 0)
            print("collided", bus.collided)
            for place in places.places:
                print(place.terminal.stop())

    asyncio.run(asyncio.wait_for(story(), 60))
