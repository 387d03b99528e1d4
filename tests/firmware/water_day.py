"""A day at a valve and at a relay, scripted: what their screens say, as things happen there.

Everything is the firmware's own core; only card, meter and clock are made up. Each screen that is
new is kept.
"""

from firmware.screens.render import render
from protocol import tariff
from tests.shared.campus import Card
from tests.shared.valve import Valve

ZH = 0
POWER = {
    "pulses_per_kwh": 100, "tariff": tariff.pack([(0, tariff.END, 5600)]), "margin_units": 0,
}  # fmt: skip


def screens():
    """-> [[language, screen, values]] in order of the day."""
    seen = []
    for said in (_shower(), _faults(), _relay()):
        for screen, values in said:
            if not seen or render(*seen[-1]) != render(ZH, screen, values):
                seen.append([ZH, screen, list(values)])
    return seen


def _rest(valve):
    """Nothing happens for a while: the idle screen."""
    valve.do(valve.terminal.idle(valve.now()))


def _other(number, **about):
    return Card(number, uid=bytes((4, 9, 9, 9, 9, 9, number)), **about)


def _shower():
    """Drawn to its end, pulled away, given back; one who has too little; the network gone."""
    valve, card = Valve(most_units=300, margin_units=2), Card()
    _rest(valve)
    valve.present(card)
    valve.flow(20)
    valve.present(_other(8))  # somebody else puts a card there
    valve.press("*")
    valve.wait(1000)
    valve.settle(card)
    valve.present(card)
    valve.flow(12)
    valve.leave()
    valve.wait(1000)
    valve.settle(card)
    valve.present(_other(9, balance_fen=1))
    valve.present(_other(10, valid_until=1))
    now = valve.now()
    valve.terminal.on_close(now)
    later = valve.terminal.moment(now.utc_s + 7800, now.ticks_ms + 7_800_000)
    valve.do(valve.terminal.idle(later))
    return valve.said


def _faults():
    """The free quota alone, a leak, a warning of the supply."""
    valve, card = Valve(free_units=20), Card(balance_fen=0)
    valve.present(card)
    valve.flow(20)
    valve.wait(1000)
    valve.flow(5)  # with the valve shut
    valve.present(_other(8))
    valve.wait(11_000)
    valve.present(_other(8))
    valve.flow(10)
    valve.power_fails()
    valve.present(_other(9))
    return valve.said


def _relay():
    """A kWh meter: power on, a quarter of a kWh, the card goes and is back."""
    relay, card = Valve(**POWER), Card()
    relay.present(card)
    relay.flow(25)
    relay.leave()
    relay.wait(1000)
    relay.settle(card)
    return relay.said


if __name__ == "__main__":
    for row in screens():
        print(*row)
