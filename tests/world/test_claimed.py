"""A terminal whose key was made at the device, by a claim: real firmware meets the real server."""

import asyncio

from protocol import keypage
from terminal_sim.fleet import Fleet
from terminal_sim.server import ServerProcess
from tools.flashing.claims import Code, Online, make_key
from tools.flashing.work import Work


class Claiming(ServerProcess):
    """Its terminals are enrolled as a technician does it, one claim each. keys: as made."""

    def __init__(self, folder):
        super().__init__(folder)
        self._work = Work(folder / "work", [])
        self.keys = []

    def enrol(self, kind, place, merchant):
        wish = {"kind": kind, "place": place, "merchant": merchant, "boxes": 1, "days": 1}
        code = Code(self.call("POST", "/api/claims", wish)["code"])
        own = make_key(b"of the board")
        self.keys.append(own)
        device = len(self.keys).to_bytes(8, "big").hex()
        page = Online(self.http, code).page(self._work, device, kind, own, place)
        return keypage.unpack(page).number, page


def test_it_meets_the_server_also_after_the_server_was_killed(tmp_path):
    async def play():
        server = Claiming(tmp_path)
        server.start()
        try:
            async with Fleet(server, tmp_path) as fleet:
                fleet.add("pos", "第一食堂", "第一食堂")
                fleet.add("gate", "东门", "保卫处")
                await fleet.ready()
                before = [t["connected"] for t in status(server)]
                server.kill()
                server.start()  # the keys come out of the database now
                async with asyncio.timeout(30):
                    while not all(t["connected"] for t in status(server)):
                        await asyncio.sleep(0.1)
                return before, server.keys
        finally:
            server.stop()

    before, keys = asyncio.run(play())
    assert before == [True, True] and len(set(keys)) == 2


def status(server):
    return server.call("GET", "/api/status")["terminals"]
