"""Terminals whose merchant is not admitted refuse, by parameters that each firmware has (R11)."""

import pytest

from protocol import reasons, record, tariff
from sync_server.store.merchants import SHUT
from tests.shared.campus import Card
from tests.shared.valve import Valve


@pytest.mark.parametrize("price", [4, 50, 100, 20_000])  # hundredths of a fen, of a unit
@pytest.mark.parametrize("free_units", [0, 400])
def test_a_shut_valve_gives_nothing(price, free_units):
    table = tariff.pack([(0, tariff.END, price)])
    valve, card = Valve(**{"tariff": table, "free_units": free_units} | SHUT), Card()
    for online in (True, False):
        outcome = valve.present(card, online)
        assert not outcome.accepted and not valve.on
    assert outcome.reason == reasons.TAP_LIMIT and card.purse().balance_fen == 5000


def test_what_goes_on_when_it_is_shut_costs_what_it_cost():
    valve, card = Valve(), Card()
    valve.present(card)
    valve.flow(10)
    valve.set(**SHUT)
    valve.flow(10)
    valve.press("*")
    valve.wait(1000)
    assert valve.settle(card).torn is False
    assert card.purse().balance_fen == 5000 - 20
    assert [row[0] for row in valve.log()].count(record.RESERVE) == 1
    valve.leave()
    valve.wait(1000)
    assert not valve.present(card).accepted
