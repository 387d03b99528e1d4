"""Limits and the PIN above them: when it is asked for, what each key and answer does."""

from firmware.core import pin
from firmware.core.pin import OVER, STATES, TABLE, TYPING, Pin
from protocol import meals, messages, params, reasons, record
from protocol.states import TERMINAL
from tests.shared.campus import NOON, Card, flash_of, moment, records, screens, tap, terminal_on

RIGHT_PIN = "471108"
HOUR_S = 3600


def till(flash=None, **wanted):
    terminal = terminal_on(flash or flash_of())
    wanted = dict({"pin_tap_fen": 2000}, **wanted)
    assert terminal.params.apply(1, params.pack(wanted)) in (1, 2)
    return terminal


def card(number=7, **fields):
    return Card(number, uid=b"\x04\0\0" + bytes([number]), **fields)


def press(terminal, keys, now=None):
    for char in keys:
        effects = terminal.key(char, now or moment(terminal))
    return effects


def sell(terminal, which, fen, now=None):
    now = now or moment(terminal)
    press(terminal, "*" + str(fen) + "#", now)
    return tap(terminal, which, now)


class Server:
    """Knows one PIN; counts tries over all terminals, as the real one."""

    def __init__(self):
        self.tries = 0

    def answer(self, body):
        _, values, digits = messages.decode(body, TERMINAL)
        if self.tries >= 3:
            verdict = reasons.PIN_LOCKED
        elif digits.decode() == RIGHT_PIN:
            verdict, self.tries = reasons.OK, 0
        else:
            self.tries += 1
            verdict = reasons.PIN_LOCKED if self.tries == 3 else reasons.PIN_WRONG
        return messages.encode(messages.PIN_STATE, (values.card, verdict, 3 - self.tries))


def enter(terminal, server, digits=RIGHT_PIN, now=None):
    """Key a PIN in and let the server judge it. -> effects"""
    now = now or moment(terminal)
    press(terminal, digits + "#", now)
    body = terminal.question()
    assert body is not None and terminal.question() is None
    return terminal.answered(server and server.answer(body), now)


# shows R3
def test_above_the_limit_the_holder_is_asked_and_nothing_is_taken_before():
    terminal, mine = till(), card()
    assert screens(sell(terminal, mine, 2000)[1]) == ["paid"]
    outcome, effects = sell(terminal, mine, 2001)
    assert not outcome.accepted and effects == [("show", "pin", (2001,))]
    entry = record.unpack(records(terminal)[-1])
    assert (entry.type, entry.reason, entry.policy) == (record.REFUSAL, 31, 1 << 31)
    assert press(terminal, "4711") == [("show", "pin_typed", (4, 2001))]
    assert press(terminal, "#") == [("show", "pin_typed", (4, 2001))]  # six, or nothing is asked
    assert terminal.question() is None
    assert press(terminal, "08") == [("show", "pin_typed", (6, 2001))]
    assert press(terminal, "9") == [("show", "pin_typed", (6, 2001))]
    assert press(terminal, "#") == [("show", "pin_sent", (2001,))]
    body = terminal.question()
    assert body[-6:] == RIGHT_PIN.encode()
    _, values, _ = messages.decode(body, TERMINAL)
    assert values == (7, 2001, terminal.journal.serial_next)
    said = terminal.answered(Server().answer(body), moment(terminal))
    assert said == [("show", "pin_right", (2001,))] and mine.purse().balance_fen == 3000
    assert tap(terminal, mine)[1] == [("show", "paid", (2001, 999))]
    assert terminal.kind.pin is None and terminal.idle(moment(terminal))[0][1] == "idle_online"


def test_every_screen_of_it_says_the_amount():
    terminal, server = till(), Server()
    sell(terminal, card(), 2500)
    for keys in ("1", "23456", "#"):
        (effect,) = press(terminal, keys)
        assert 2500 in effect[2] and list(terminal.idle(moment(terminal))) == [effect]
    (effect,) = terminal.answered(server.answer(terminal.question()), moment(terminal))
    assert effect == ("show", "pin_wrong", (2, 2500))
    (effect,) = enter(terminal, server)
    assert effect == ("show", "pin_right", (2500,)) and terminal.idle(moment(terminal)) == [effect]


def test_three_wrong_ones_lock_and_the_journal_says_so():
    terminal, server, mine = till(), Server(), card()
    sell(terminal, mine, 2500)
    assert enter(terminal, server, "000001") == [("show", "pin_wrong", (2, 2500))]
    assert enter(terminal, server, "000002") == [("show", "pin_wrong", (1, 2500))]
    assert enter(terminal, server, "000003") == [("show", "unpaid", (reasons.PIN_LOCKED, 2500))]
    entry = record.unpack(records(terminal)[-1])
    assert (entry.type, entry.reason, entry.detail) == (record.EVENT, reasons.PIN_LOCKED, 7)
    again = till(flash=terminal._flash)  # power cut: no try comes back
    assert screens(sell(again, mine, 2500)[1]) == ["pin"]
    assert enter(again, server) == [("show", "unpaid", (reasons.PIN_LOCKED, 2500))]
    assert mine.purse().balance_fen == 5000
    assert screens(sell(again, mine, 2000)[1]) == ["paid"]  # below the limit it pays as before


def test_another_card_neither_pays_for_it_nor_uses_it():
    terminal, mine, other = till(), card(), card(8)
    sell(terminal, mine, 2500)
    assert tap(terminal, other)[1] == [("show", "unpaid", (reasons.IN_USE, 2500))]
    enter(terminal, Server())
    assert tap(terminal, other)[1] == [("show", "unpaid", (reasons.IN_USE, 2500))]
    assert other.purse().balance_fen == 5000
    assert screens(tap(terminal, mine)[1]) == ["paid"]


def test_one_pin_is_one_payment():
    terminal, mine = till(), card(balance_fen=20000)
    sell(terminal, mine, 2500)
    enter(terminal, Server())
    assert screens(tap(terminal, mine)[1]) == ["paid"]
    assert screens(sell(terminal, mine, 2500)[1]) == ["pin"]
    press(terminal, "*")
    assert terminal.idle(moment(terminal)) == [("show", "ready", (2500,))]
    assert screens(sell(terminal, mine, 2600)[1]) == ["pin"]


def test_keys_take_back_and_cancel():
    terminal = till()
    sell(terminal, card(), 2500)
    assert press(terminal, "12*") == [("show", "pin", (2500,))]
    assert press(terminal, "*") == [("show", "ready", (2500,))]
    assert terminal.kind.pin is None and terminal.kind.armed_fen == 2500
    sell(terminal, card(), 2500)
    enter(terminal, Server())
    assert press(terminal, "57+A#") == [("show", "pin_right", (2500,))]
    assert press(terminal, "*") == [("show", "ready", (2500,))]
    assert screens(tap(terminal, card())[1]) == ["pin"]


def test_who_does_nothing_is_not_waited_for():
    terminal = till(pin_wait_s=10)
    sell(terminal, card(), 2500)
    press(terminal, "1", moment(terminal, NOON, 9999))
    assert terminal.turn(moment(terminal, NOON, 19998)) == []
    assert terminal.turn(moment(terminal, NOON, 19999)) == [("show", "ready", (2500,))]
    now = moment(terminal, NOON, 20000)
    sell(terminal, card(), 2500, now)
    enter(terminal, Server(), now=now)
    late = moment(terminal, NOON, 30000)
    assert screens(tap(terminal, card(), late)[1]) == ["pin_right"]  # the very moment it ends
    assert terminal.turn(late) == [("show", "ready", (2500,))]


def test_without_a_server_none_is_asked():
    terminal = till()
    away = moment(terminal, online=False)
    assert sell(terminal, card(), 2500, away)[1] == [("show", "unpaid", (49, 2500))]
    assert terminal.kind.pin is None
    terminal = till()
    sell(terminal, card(), 2500)
    assert enter(terminal, None) == [("show", "unpaid", (reasons.PIN_OFFLINE, 2500))]
    sell(terminal, card(), 2500)
    enter(terminal, Server())  # then the line goes: what was said is good
    away = moment(terminal, online=False)
    assert screens(tap(terminal, card(), away)[1]) == ["paid_offline"]


def test_a_bounded_offline_allowance():
    terminal = till(pin_offline_fen=3000, offline_fen_per_card=10000)
    mine, away = card(balance_fen=20000), moment(terminal, online=False)
    assert screens(sell(terminal, mine, 2500, away)[1]) == ["paid_offline"]
    assert sell(terminal, mine, 2100, away)[1] == [("show", "unpaid", (49, 2100))]
    again = till(flash=terminal._flash, pin_offline_fen=3000, offline_fen_per_card=10000)
    away = again.moment(NOON, 0)
    assert sell(again, mine, 2100, away)[1] == [("show", "unpaid", (49, 2100))]


def test_answers_that_are_none():
    for body in (
        b"", b"\x87", messages.encode(messages.PROBLEM, (messages.NOT_NOW,)),
        messages.encode(messages.PIN_STATE, (8, reasons.OK, 3)),
        messages.encode(messages.SIGNED, (bytes(4),)),
    ):  # fmt: skip
        terminal = till()
        sell(terminal, card(), 2500)
        press(terminal, RIGHT_PIN + "#")
        terminal.question()
        assert terminal.answered(body, moment(terminal)) == [("show", "unpaid", (49, 2500))]
        assert screens(tap(terminal, card())[1]) == ["pin"]
    assert till().answered(messages.encode(messages.PIN_STATE, (7, 0, 3)), moment(till())) == []


def test_a_torn_payment_keeps_its_pin():
    terminal, mine = till(), card()
    sell(terminal, mine, 2500)
    enter(terminal, Server())
    mine.gone_at, mine.written = 4, False
    assert screens(tap(terminal, mine)[1]) == ["put_back"]
    assert press(terminal, "1") == [("show", "put_back", (2500,))]
    mine.gone_at = None
    assert tap(terminal, mine)[1] == [("show", "paid", (2500, 2500))]
    assert mine.purse().counter == 1


def test_the_day_and_the_meal():
    noon_and_night = meals.pack([(0x7F, 660, 840, 0), (0x7F, 1200, 1380, 0)])
    limits = {"pin_tap_fen": 0, "pin_day_fen": 3000, "pin_meal_fen": 1500, "meals": noon_and_night}
    terminal, mine = till(**limits), card(balance_fen=20000)
    night = moment(terminal)  # 22:13
    assert screens(sell(terminal, mine, 1000, night)[1]) == ["paid"]
    assert screens(sell(terminal, mine, 501, night)[1]) == ["pin"]
    press(terminal, "*")
    assert screens(sell(terminal, card(8), 501, night)[1]) == ["paid"]
    assert screens(sell(terminal, mine, 500, night)[1]) == ["paid"]
    late = moment(terminal, NOON + HOUR_S, 3600_000)  # 23:13, no meal: the day's limit alone
    assert screens(sell(terminal, mine, 1501, late)[1]) == ["pin"]
    press(terminal, "*", late)
    assert screens(sell(terminal, mine, 1500, late)[1]) == ["paid"]
    again = till(flash=terminal._flash, **limits)  # after a power cut
    late = moment(again, NOON + HOUR_S + 60, 1000)
    assert screens(sell(again, mine, 1, late)[1]) == ["pin"]
    tomorrow = moment(again, NOON + 3 * HOUR_S, 2 * 3600_000)
    assert screens(sell(again, mine, 3000, tomorrow)[1]) == ["paid"]


def test_what_the_card_pays_elsewhere_counts_beyond_an_amount():
    asked = []

    def serve(body):
        number, values, _ = messages.decode(body, TERMINAL)
        assert number == messages.SPENT and not mine.commands[4:]  # before the card is written
        asked.append(tuple(values))
        return messages.encode(messages.SPENT_STATE, (values.card, 4000, 1000))

    night = meals.pack([(0x7F, 1200, 1380, 0)])
    limits = {"pin_tap_fen": 0, "pin_day_fen": 6000, "pin_meal_fen": 3500, "meals": night}
    terminal, mine = till(pin_ask_fen=1500, **limits), card(balance_fen=20000)

    def pays(fen, now=None, serve=serve):
        now = now or moment(terminal)
        press(terminal, "**" + str(fen) + "#", now)
        return screens(tap(terminal, mine, now, serve=serve)[1])

    assert pays(1500) == ["paid"] and asked == []
    day_s = NOON - NOON % 86400 - 8 * HOUR_S  # local midnight
    day_s += 86400 if NOON - day_s >= 86400 else 0
    assert pays(600) == ["pin"]  # 40 + 15 + 6 of 60 yuan
    assert asked == [(7, day_s, day_s + 20 * HOUR_S)]
    assert pays(500) == ["paid"] and len(asked) == 2
    assert pays(100, serve=lambda body: b"") == ["paid"]  # nobody says: what is known here
    late = moment(terminal, NOON + HOUR_S, 3600_000)  # no meal: none of its limit
    asked.clear()
    assert pays(1, late) == ["pin"] and asked[0][2] == NOON + HOUR_S
    press(terminal, "*", late)
    assert pays(1, moment(terminal, NOON + HOUR_S, 3600_000, online=False)) == ["paid_offline"]
    assert len(asked) == 1


def test_limits_that_are_pushed_later_know_what_was_before():
    terminal, mine = terminal_on(flash_of()), card()
    assert screens(sell(terminal, mine, 2000)[1]) == ["paid"]
    terminal.params.apply(1, params.pack({"pin_day_fen": 2500}))
    assert screens(sell(terminal, mine, 501)[1]) == ["pin"]


def test_a_meal_is_asked_for_by_what_the_card_pays():
    supper = meals.pack([(0x7F, 1260, 1380, 800)])
    terminal = till(staff=1, meals=supper)
    teacher = Card(9, holder_kind=1, uid=b"\x04\0\0\x09")
    assert screens(sell(terminal, teacher, 2800)[1]) == ["meal"]  # 20.00 of the card
    teacher = Card(10, holder_kind=1, uid=b"\x04\0\0\x0a")
    assert sell(terminal, teacher, 2801)[1] == [("show", "pin", (2801,))]
    enter(terminal, Server())
    assert screens(tap(terminal, teacher)[1]) == ["meal"] and teacher.purse().balance_fen == 2999


def test_every_cell_of_the_table_is_walked_and_no_other():
    walked = set()

    def go(self, event, now):
        before = self.state
        _go(self, event, now)
        if TABLE[before].get(event):
            walked.add((before, event))
        assert self.state == TABLE[before].get(event, before)

    _go, Pin._go = Pin._go, go
    try:
        for test in (
            test_three_wrong_ones_lock_and_the_journal_says_so, test_keys_take_back_and_cancel,
            test_who_does_nothing_is_not_waited_for, test_one_pin_is_one_payment,
        ):  # fmt: skip
            test()
    finally:
        Pin._go = _go
    assert sorted(walked) == sorted([(state, event) for state in STATES for event in TABLE[state]])
    assert TABLE[OVER] == {} and Pin(7, 1, moment(till()), 5).state == TYPING
    (tail,) = [row[5] for row in messages.rows() if row[0] == messages.PIN]
    assert tail == (pin.DIGITS, pin.DIGITS, 1)
