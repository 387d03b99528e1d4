"""Card keys of a newer version with real firmware and a real server: cards of both lengths of UID
are re-keyed at their next tap, by way of a reader that has to select them again."""

import asyncio

import pytest

from card_layout import identity, keys
from sync_server.keyring import Keyring
from terminal_sim import fleet
from terminal_sim.server import ServerProblem


async def confirmed(made):
    """Wait until every terminal has the newest version. -> the state."""
    async with asyncio.timeout(60):
        while True:  # until they have, or the time-out
            state = await asyncio.to_thread(made.server.call, "GET", "/api/card-keys")
            if not state["lacking"]:
                return state
            await asyncio.sleep(0.05)


def identity_of(card, path, version):
    """-> the Identity that stands under the purse master of a version, or None."""
    encrypt = Keyring.beside(path)._cipher("purse", version)
    try:
        return identity.unpack(card.block(4), card.uid, keys.card_mac(encrypt, card.uid))
    except identity.Altered:
        return None


# shows R24
@pytest.mark.parametrize("uid_length", [4, 7])
def test_a_card_is_rekeyed_at_the_till_and_passes_the_gate(campus, tmp_path, uid_length):
    async def story():
        async with campus() as made:
            call, path = made.server.call, tmp_path / "campus.db"
            _, card = await asyncio.to_thread(made.card, uid_length=uid_length)
            assert await fleet.pay(made.pos, card, 100) == fleet.ACCEPTED
            trailer = card.block(7)
            made.fleet.places[1].terminal.kill()
            await asyncio.to_thread(call, "POST", "/api/card-keys", {"sectors": True})
            with pytest.raises(ServerProblem, match="without key version 2"):
                await asyncio.to_thread(call, "PUT", "/api/card-keys/use", {"version": 2})
            made.fleet.places[1].terminal.start()
            await confirmed(made)
            await asyncio.to_thread(call, "PUT", "/api/card-keys/use", {"version": 2})
            async with asyncio.timeout(20):
                while identity_of(card, path, 2) is None:  # until the till knows it, too
                    assert await fleet.pay(made.pos, card, 100) == fleet.ACCEPTED
            assert identity_of(card, path, 1) is None
            assert card.block(7) != trailer and card.block(7)[6:10] == trailer[6:10]
            await asyncio.to_thread(call, "PUT", "/api/card-keys/retire", {"oldest": 2})
            assert await fleet.pay(made.pos, card, 100) == fleet.ACCEPTED
            assert await fleet.present(made.gate, card) == fleet.ACCEPTED
            status = await made.uploaded(5)
            assert (status["quarantined"], status["grey"], status["ledger_sum"]) == (0, 0, 0)
            state = await asyncio.to_thread(call, "GET", "/api/card-keys")
            assert (state["card_key"], state["oldest_card_key"]) == (2, 2)
            assert state["cards"] == {"2": 1}

    asyncio.run(asyncio.wait_for(story(), 90))
