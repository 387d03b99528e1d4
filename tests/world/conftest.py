"""A small real campus for the tests here: a server process, a POS and a gate with real firmware."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from terminal_sim.fleet import Fleet
from terminal_sim.mifare import MifareClassic
from terminal_sim.server import ServerProcess


class Campus:
    """One server, `pos` and `gate`, and cards on demand."""

    def __init__(self, server, fleet, pos, gate):
        self.server = server
        self.fleet = fleet
        self.pos = pos.terminal
        self.gate = gate.terminal
        self.numbers = (pos.number, gate.number)
        self._issued = 0

    def card(self, balance_fen=5000, valid_until="2037-12-31", zones=1, uid_length=4):
        """-> (card number, card) of a fresh student."""
        self._issued += 1
        uid = b"\x5a" + self._issued.to_bytes(uid_length - 1, "big")
        wish = {
            "holder_kind": 2, "name": "student", "uid": uid.hex(), "valid_until": valid_until,
            "zones": zones, "balance_fen": balance_fen,
        }  # fmt: skip
        number, blocks = self.server.issue([wish])[0]
        return number, MifareClassic(uid, blocks)

    async def uploaded(self, records):
        """Wait until the server has so many records. -> its status."""
        async with asyncio.timeout(60):
            while True:  # until they are there, or the time-out
                status = await asyncio.to_thread(self.server.call, "GET", "/api/status")
                if status["records"] >= records:
                    return status
                await asyncio.sleep(0.05)


@pytest.fixture
def campus(tmp_path):
    """An async context manager that gives a Campus whose terminals are ready."""

    @asynccontextmanager
    async def opened():
        server = ServerProcess(tmp_path)
        server.start()
        try:
            async with Fleet(server, tmp_path) as fleet:
                pos = fleet.add("pos", "第一食堂", "第一食堂")
                gate = fleet.add("gate", "东门", "保卫处")
                await fleet.ready()
                yield Campus(server, fleet, pos, gate)
        finally:
            server.stop()

    return opened
