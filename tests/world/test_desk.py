"""Cards from the desk at real terminals: blank cards of both kinds, written with the desk's
commands, pay at the real firmware; one is replaced, and its balance is on the new one at its first
tap."""

import asyncio

import pytest

from terminal_sim import fleet
from tests.desk.models import WISH, Model, blank
from tools.desk import work
from tools.desk.chips import CPU, MIFARE
from tools.desk.office import Office
from tools.desk.part3 import Contactless

SOON_S = 60


class Counter:
    """The desk of a campus."""

    def __init__(self, server):
        self.line = Model()
        office = Office(server.http, server._token)
        self.desk = work.Desk(Contactless(self.line), office, 0, 0)

    def issue(self, card, **other):
        """-> the number of a blank card that was laid down, taken away again."""
        self.line.field.put(card)
        made = work.issue(self.desk, work.find(self.desk), WISH | {"zones": 1} | other)
        self.line.field.clear()
        return made.card

    def load(self, number, card, fen):
        """-> what it holds then."""
        self.desk.office.load(number, fen)
        self.line.field.put(card)
        held = work.load(self.desk, work.find(self.desk))
        self.line.field.clear()
        return held


async def soon(what, wanted):
    """Until this awaitable gives it."""
    async with asyncio.timeout(SOON_S):
        while await what() != wanted:
            await asyncio.sleep(0.1)


# shows R10
@pytest.mark.parametrize("kind", [MIFARE, CPU])
def test_paid_with_replaced_and_paid_with_again(campus, kind):
    async def story():
        async with campus() as made:
            counter = Counter(made.server)
            beat = {"heartbeat_s": 2}  # how long a report may be in coming
            await asyncio.to_thread(made.server.call, "PUT", "/api/params", beat)
            old, new = blank(kind), blank(kind, bytes.fromhex("2c0a0b0c"))
            number = await asyncio.to_thread(counter.issue, old, balance_fen=5000)
            assert await fleet.pay(made.pos, old, 1250) == fleet.ACCEPTED
            assert await fleet.present(made.gate, old) == fleet.ACCEPTED
            heir = await asyncio.to_thread(
                counter.issue, new, replaces=number, balance_fen=0, holder_kind=2
            )
            await soon(lambda: fleet.pay(made.pos, old, 100), fleet.REFUSED)

            async def is_settled():
                rows = await asyncio.to_thread(counter.desk.office.settle)
                return not rows or rows[0]["settled"]

            await soon(is_settled, True)
            path = f"/api/cards/{heir}/actions"
            (action,) = (await asyncio.to_thread(made.server.call, "GET", path))["actions"]
            assert action["amount_fen"] == 3750
            await soon(lambda: fleet.pay(made.pos, new, 750), fleet.ACCEPTED)
            assert made.pos.panel.shows("30.00")
            assert await asyncio.to_thread(counter.load, heir, new, 500) == 3500
            assert await fleet.pay(made.pos, new, 100) == fleet.ACCEPTED
            assert made.pos.panel.shows("34.00")

            async def in_the_ledger():
                told = await asyncio.to_thread(made.server.call, "GET", "/api/ledger")
                held = {(r["type"], r["key"]): r["balance_fen"] for r in told["accounts"]}
                return held[("purse", str(heir))], held.get(("account", str(heir)))

            await soon(in_the_ledger, (3400, 0))
            status = await made.uploaded(6)
            assert (status["quarantined"], status["ledger_sum"]) == (0, 0)
            assert (status["grey"], status["unnamed_fen"]) == (0, 0)

    asyncio.run(asyncio.wait_for(story(), 240))
