"""A CPU card at a real till: ISO-DEP through the reader, record and proof to the server."""

import asyncio

from terminal_sim import fleet
from terminal_sim.iso_dep import IsoDepCard
from terminal_sim.pboc import Keys, Wallet
from terminal_sim.prng import Prng

UID = bytes.fromhex("04a1b2c3d4e5f6")
WISH = {
    "holder_kind": 1, "name": "staff", "uid": UID.hex(), "valid_until": "2037-12-31", "zones": 1,
    "balance_fen": 5000,
}  # fmt: skip
COMMANDS = 9  # frames up to the debit: select, RATS, then one for each APDU


def issued(server, waits=0):
    """-> (card number, card) as a desk would write it."""
    number, made = server.issue_wallet(WISH)
    keys = Keys(made["purchase"], made["load"], made["tac"], made["internal"])
    wallet = Wallet(made["serial"], keys, made["identity"], 5000, Prng(5).bytes, made["pin"].hex())
    wallet.psam_key = made["psam"]
    return number, IsoDepCard(UID, wallet, waits)


def test_it_pays_and_passes_and_is_refused_when_it_is_empty(campus):
    async def story():
        async with campus() as made:
            number, card = await asyncio.to_thread(issued, made.server, 1)
            assert await fleet.pay(made.pos, card, 1250) == fleet.ACCEPTED
            assert made.pos.panel.shows("37.50")
            assert await fleet.present(made.gate, card) == fleet.ACCEPTED
            assert await fleet.pay(made.pos, card, 4000) == fleet.REFUSED
            status = await made.uploaded(4)  # the proof is a record, too
            assert (status["accepted"], status["ledger_sum"]) == (2, 0)
            assert status["quarantined"] == 0
            assert card.application.balance_fen == 3750
            await asyncio.to_thread(made.server.call, "POST", f"/api/cards/{number}/loss")
            async with asyncio.timeout(60):
                while await fleet.pay(made.pos, card, 10) != fleet.REFUSED:
                    await asyncio.sleep(0.1)

    asyncio.run(asyncio.wait_for(story(), 60))


# shows R24
def test_torn_in_the_debit_and_put_back(campus):
    async def story():
        async with campus() as made:
            _, card = await asyncio.to_thread(issued, made.server)
            card.tear_after(COMMANDS - 1, "all")  # it has paid, and nobody heard it
            assert await fleet.pay(made.pos, card, 200) == fleet.TORN
            assert card.application.balance_fen == 4800
            assert await fleet.present(made.pos, card) == fleet.ACCEPTED
            assert card.application.balance_fen == 4800
            status = await made.uploaded(2)
            assert (status["accepted"], status["grey"], status["ledger_sum"]) == (1, 0, 0)

    asyncio.run(asyncio.wait_for(story(), 60))


def test_the_last_purchase_is_cancelled_as_a_load(campus):
    """No till can put money on such a card: the server's word does, at one of its next taps."""

    async def story():
        async with campus() as made:
            _, card = await asyncio.to_thread(issued, made.server)
            assert await fleet.pay(made.pos, card, 1250) == fleet.ACCEPTED
            made.pos.panel.press("0#")
            async with asyncio.timeout(60):
                await made.pos.panel.screen("12.50")
                while card.application.balance_fen != 5000:  # the record, the filter, then the load
                    await fleet.present(made.pos, card)
            status = await made.uploaded(4)
            assert (status["quarantined"], status["grey"], status["ledger_sum"]) == (0, 0, 0)

    asyncio.run(asyncio.wait_for(story(), 90))
