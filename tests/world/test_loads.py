"""Loads from the action list at a real till: filter pushed, card asked for, MAC2 over the line."""

import asyncio

from terminal_sim import fleet
from terminal_sim.iso_dep import IsoDepCard
from terminal_sim.pboc import Keys, Wallet
from terminal_sim.prng import Prng
from tests.world.test_cpu_cards import UID, WISH


def issued(server):
    """-> (card number, CPU card, its wallet) as a desk writes it."""
    number, made = server.issue_wallet(WISH)
    keys = Keys(made["purchase"], made["load"], made["tac"], made["internal"])
    draw, pin = Prng(5).bytes, made["pin"].hex()
    wallet = Wallet(made["serial"], keys, made["identity"], 5000, draw, pin)
    return number, IsoDepCard(UID, wallet, 0), wallet


async def state_of(made, card, wanted):
    """Wait until the last action of a card is in this state."""
    async with asyncio.timeout(60):
        while True:  # until it is, or the time-out
            path = f"/api/cards/{card}/actions"
            rows = (await asyncio.to_thread(made.server.call, "GET", path))["actions"]
            if rows[0]["state"] == wanted:
                return
            await asyncio.sleep(0.05)


# shows R13
def test_cards_of_both_kinds_are_loaded_and_pay_with_it(campus):
    async def story():
        async with campus() as made:
            number, card = await asyncio.to_thread(made.card, 100)
            other, chip, wallet = await asyncio.to_thread(issued, made.server)
            body = {"loads": [{"card": n, "amount_fen": 2000} for n in (number, other)]}
            await asyncio.to_thread(made.server.call, "POST", "/api/loads", body)
            async with asyncio.timeout(60):  # the push may be on its way yet
                while not made.pos.panel.shows("21.00"):
                    await fleet.present(made.pos, card)
                    await asyncio.sleep(0.1)
            assert await fleet.pay(made.pos, card, 1500) == fleet.ACCEPTED
            assert await fleet.pay(made.pos, chip, 4500) == fleet.ACCEPTED
            assert wallet.balance_fen == 2500
            for one in (number, other):
                await state_of(made, one, "done")
            status = await made.uploaded(5)
            assert (status["quarantined"], status["grey"], status["ledger_sum"]) == (0, 0, 0)

    asyncio.run(asyncio.wait_for(story(), 60))
