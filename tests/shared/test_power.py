"""Power: the same app behind a relay, by the pulses of a kWh meter."""

from protocol import reasons, record, tariff
from tests.shared.campus import Card, records
from tests.shared.valve import Valve

RESERVE, SETTLE = record.RESERVE, record.SETTLE
KWH = 1600  # pulses
POWER = {
    "pulses_per_kwh": KWH, "tariff": tariff.pack([(0, tariff.END, 5600)]), "margin_units": 0,
    "reserve_fen": 50, "most_units": 2000,
}  # fmt: skip


def test_a_kwh_costs_its_fen_and_is_shown_as_such():
    relay, card = Valve(**POWER), Card()
    assert relay.present(card).amount_fen == 50
    assert relay.on and relay.said[-1] == ("powered", (50,))
    relay.flow(800, 20)
    name, (left_fen, hundredths) = relay.said[-1]
    assert name == "drawing" and 45 <= hundredths <= 50 and 22 <= left_fen <= 25
    relay.leave()
    assert not relay.on
    relay.wait(1000)
    assert relay.said[-1] == ("ended", (28, 22))  # half a kWh of 56 fen
    relay.settle(card)
    assert card.purse().balance_fen == 5000 - 28
    assert relay.log() == [(RESERVE, 50, 0), (SETTLE, 28, 800), (SETTLE, 22, 1)]


def test_parts_of_a_fen_are_dropped_once():
    relay, card = Valve(**POWER), Card()
    relay.present(card)
    relay.flow(171, 20)  # 5.985 fen
    relay.leave()
    relay.wait(1000)
    assert relay.log()[-1] == (SETTLE, 5, 171)


def test_the_reserve_ends_it():
    relay = Valve(**POWER)
    relay.set(**dict(POWER, reserve_fen=2))
    relay.present(Card())
    relay.flow(84, 20)
    assert relay.on
    relay.flow(1, 20)  # 85 pulses cost 2.975 fen, one more is the third
    assert not relay.on
    relay.wait(1000)
    assert relay.log() == [(RESERVE, 2, 0), (SETTLE, 2, 85)]


def test_another_meter_and_price_begin_with_the_next_session():
    relay, card = Valve(**POWER), Card()
    relay.present(card)
    relay.flow(100, 20)
    relay.set(**dict(POWER, pulses_per_kwh=1))
    relay.flow(100, 20)
    relay.leave()
    relay.wait(1000)
    assert relay.log()[-1] == (SETTLE, 7, 200)


def test_pulses_with_the_relay_open_are_theft():
    relay = Valve(**POWER)
    relay.flow(3, 1000)
    assert record.unpack(records(relay.terminal)[0]).reason == reasons.LEAK
    assert relay.present(Card()).reason == reasons.OUT_OF_SERVICE
