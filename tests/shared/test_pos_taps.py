"""What a cashier sees between taps: repeated sales, fixed prices, paid while offline."""

from protocol import params, reasons, record
from tests.shared.campus import NOON, Card, flash_of, moment, records, screens, tap, terminal_on


def till(**wanted):
    terminal = terminal_on(flash_of())
    assert terminal.params.apply(1, params.pack(wanted)) == 1
    return terminal


def sell(terminal, card, fen, now=None):
    """-> effects of one sale of this amount."""
    now = now or moment(terminal)
    for char in "*" + str(fen) + "#":
        terminal.key(char, now)
    return tap(terminal, card, now)[1]


def test_the_same_again_is_asked_about():
    terminal, card, other = till(repeat_s=30), Card(7), Card(8, uid=b"\x04\x00\x00\x08")
    assert screens(sell(terminal, card, 500)) == ["paid"]
    assert screens(sell(terminal, other, 500)) == ["paid"]
    assert screens(sell(terminal, card, 501)) == ["paid"]
    assert sell(terminal, card, 500) == [("show", "repeated", (500,))]
    refusal = record.unpack(records(terminal)[-1])
    assert (refusal.reason, refusal.policy) == (reasons.REPEATED, 1 << reasons.REPEATED)
    assert card.purse().balance_fen == 5000 - 500 - 501
    assert terminal.key("#", moment(terminal)) == [("show", "ready", (500,))]
    assert screens(tap(terminal, card)[1]) == ["paid"]  # once more, as was asked
    assert screens(sell(terminal, card, 500)) == ["repeated"]
    assert terminal.key("*", moment(terminal)) == [("show", "amount", (0,))]
    assert screens(tap(terminal, card)[1]) == ["balance"]


def test_the_same_later_or_without_the_guard_is_another_sale():
    terminal, card = till(repeat_s=30), Card(7)
    assert screens(sell(terminal, card, 500)) == ["paid"]
    later = moment(terminal, NOON + 30, 30_000)
    assert screens(sell(terminal, card, 500, later)) == ["paid"]
    terminal, card = till(), Card(7)
    assert screens(sell(terminal, card, 500)) == ["paid"]
    assert screens(sell(terminal, card, 500)) == ["paid"]


def test_another_key_than_the_answer_asks_again():
    terminal, card = till(repeat_s=30), Card(7)
    sell(terminal, card, 500)
    assert screens(sell(terminal, card, 500)) == ["repeated"]
    for char in "500#":
        terminal.key(char, moment(terminal))
    assert screens(tap(terminal, card)[1]) == ["repeated"]


def test_after_a_cancel_the_same_is_no_repetition():
    terminal, card = till(repeat_s=30), Card(7)
    sell(terminal, card, 500)
    for char in "0#":
        terminal.key(char, moment(terminal))
    assert screens(tap(terminal, card)[1]) == ["cancelled"]
    assert screens(sell(terminal, card, 500)) == ["paid"]


def test_a_key_ends_the_wish_to_cancel():
    terminal, card = till(), Card(7)
    sell(terminal, card, 500)
    for char in "0#300":
        terminal.key(char, moment(terminal))
    assert screens(tap(terminal, card)[1]) == ["balance"]
    assert card.purse().balance_fen == 4500


def test_a_fixed_price_stays_on_the_screen():
    terminal, card = till(fixed_fen=800), Card(7)
    assert terminal.idle(moment(terminal)) == [("show", "ready", (800,))]
    assert tap(terminal, card)[1] == [("show", "next", (4200, 800))]
    assert tap(terminal, card)[1] == [("show", "next", (3400, 800))]
    assert terminal.key("*", moment(terminal)) == [("show", "paused", (800,))]
    assert screens(tap(terminal, card)[1]) == ["balance"]


def test_paid_while_offline_is_another_light():
    from firmware.screens import table
    from firmware.screens.render import render

    terminal, card = till(), Card(7)
    assert sell(terminal, card, 500, moment(terminal, online=False)) == [
        ("show", "paid_offline", (500, 4500))
    ]
    for screen in table.PAID:
        values = (1,) * len(table.find(screen)[1])
        assert render(0, screen, values)[:2] == ("green", "ok")
        led, beep, rows, _ = render(0, screen + "_offline", values)
        assert (led, beep, rows[0]) == ("amber", "ok", "脱机已付")
        assert rows[1:] == render(0, screen, values)[2][1:]


def test_what_the_server_wants_shown_does_not_cover_an_amount():
    terminal = till()
    terminal.key("5", moment(terminal))
    terminal.key("#", moment(terminal))
    terminal.cause("show", "here", (12,))
    assert terminal.effects() == [("show", "here", (12,)), ("show", "ready", (5,))]
    assert terminal.effects() == []
