"""A till with a PSAM in its socket: T=0 on a pty, its reset an output, proofs to the server."""

import asyncio

from terminal_sim import fleet
from tests.world.test_cpu_cards import COMMANDS, issued


async def opened(made):
    """-> (a till with a PSAM, a card that this campus issued)."""
    place = made.fleet.add("pos", "第二食堂", "第二食堂", has_psam=True)
    _, card = await asyncio.to_thread(issued, made.server)
    await made.fleet.ready()
    return place.terminal, card


def test_paid_by_a_psam_and_proven_and_here_and_there(campus):
    async def story():
        async with campus() as made:
            till, card = await opened(made)
            assert await fleet.pay(till, card, 250) == fleet.ACCEPTED
            assert await fleet.pay(made.pos, card, 250) == fleet.ACCEPTED  # with keys in flash
            assert await fleet.pay(till, card, 250) == fleet.ACCEPTED
            assert await fleet.present(made.gate, card) == fleet.ACCEPTED
            assert till.psam.line._chip.transactions == 2
            status = await made.uploaded(7)  # each purchase has a proof, the pass has none
            assert (status["accepted"], status["quarantined"], status["grey"]) == (4, 0, 0)
            assert status["ledger_sum"] == 0
            assert card.application.balance_fen == 4250
            assert till.stop()["heap_live_peak_bytes"] > 0

    asyncio.run(asyncio.wait_for(story(), 60))


# shows R24
def test_torn_and_told_here_or_there(campus):
    """Put back at the till; after a power cut, by the card's log; or by another till's record."""

    async def story():
        async with campus() as made:
            till, card = await opened(made)
            for how in ("put back", "cut", "elsewhere"):
                before = card.application.balance_fen
                card.tear_after(COMMANDS - 1, "all")
                assert await fleet.pay(till, card, 100) == fleet.TORN
                card.leave_after(None)
                if how == "cut":
                    till.kill()
                    till.start()
                    await till.panel.beep()  # it asks for the card
                where = made.pos if how == "elsewhere" else till
                if how == "elsewhere":
                    assert await fleet.pay(where, card, 100) == fleet.ACCEPTED
                    before -= 100
                else:
                    assert await fleet.present(where, card) == fleet.ACCEPTED
                assert card.application.balance_fen == before - 100
            async with asyncio.timeout(60):
                status = await made.uploaded(7)
                while status["grey"] or status["accepted"] < 4:
                    await asyncio.sleep(0.05)
                    status = await made.uploaded(7)
            assert (status["accepted"], status["quarantined"]) == (4, 0)
            assert status["ledger_sum"] == 0

    asyncio.run(asyncio.wait_for(story(), 90))


def test_missing_locked_and_changed(campus):
    async def story():
        async with campus() as made:
            till, card = await opened(made)
            _, mifare = await asyncio.to_thread(made.card)
            port, line = till.psam, till.psam.line
            assert await fleet.pay(till, card, 100) == fleet.ACCEPTED
            port.line = None  # taken out
            assert await fleet.pay(till, card, 100) == fleet.REFUSED
            assert till.panel.shows("安全模块无应答")
            assert await fleet.present(till, mifare) == fleet.ACCEPTED  # the amount stands
            port.line = line
            assert await fleet.pay(till, card, 100) == fleet.ACCEPTED
            line._chip.tries = 0
            assert await fleet.pay(till, card, 100) == fleet.REFUSED
            assert await fleet.present(till, mifare) == fleet.ACCEPTED
            assert card.application.balance_fen == 4800
            status = await made.uploaded(8)
            assert (status["accepted"], status["quarantined"], status["grey"]) == (4, 0, 0)

    asyncio.run(asyncio.wait_for(story(), 60))
