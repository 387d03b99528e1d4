"""The staff window: who eats there, one subsidised meal a period, subsidy first, then the purse."""

from card_layout import identity
from protocol import meals, params, reasons, record
from tests.shared.campus import NOON, Card, flash_of, moment, records, screens, tap, terminal_on

# NOON is a Monday, 22:13 in local time
LATE = meals.pack([(0x7F, 360, 540, 300), (0x7F, 1260, 1380, 800)])
HOUR_S = 3600


def window(flash=None, **wanted):
    terminal = terminal_on(flash or flash_of())
    wanted = dict({"staff": 1, "meals": LATE}, **wanted)
    assert terminal.params.apply(1, params.pack(wanted)) in (1, 2)
    return terminal


def staff(number=7, **fields):
    return Card(number, holder_kind=identity.STAFF, uid=b"\x04\0\0" + bytes([number]), **fields)


def sell(terminal, card, fen, now=None):
    now = now or moment(terminal)
    for char in "*" + str(fen) + "#":
        terminal.key(char, now)
    return tap(terminal, card, now)


# shows R4
def test_subsidy_first_then_the_purse():
    terminal, card = window(), staff()
    outcome, effects = sell(terminal, card, 1250)
    assert outcome.accepted and outcome.amount_fen == 450
    assert effects == [("show", "meal", (800, 450, 4550))]
    (raw,) = records(terminal)
    entry = record.unpack(raw)
    assert (entry.type, entry.amount_fen, entry.balance_fen) == (record.PURCHASE, 450, 4550)
    assert (record.meal_number(entry), record.subsidy_fen(entry)) == (2, 800)
    assert record.makes_step(entry)


def test_one_subsidised_meal_a_period_and_card():
    terminal, card = window(), staff()
    sell(terminal, card, 1250)
    assert sell(terminal, card, 600)[1] == [("show", "paid", (600, 3950))]
    assert screens(sell(terminal, staff(8), 1250)[1]) == ["meal"]
    morning = moment(terminal, NOON + 9 * HOUR_S, 9 * HOUR_S * 1000)
    assert sell(terminal, card, 600, morning)[1] == [("show", "meal", (300, 300, 3650))]


def test_a_meal_that_the_subsidy_pays_touches_no_purse():
    terminal, card = window(), staff(balance_fen=0)
    outcome, effects = sell(terminal, card, 700)
    assert outcome.accepted and effects == [("show", "meal", (700, 0, 0))]
    assert card.purse().counter == 0
    entry = record.unpack(records(terminal)[0])
    assert (entry.amount_fen, record.subsidy_fen(entry)) == (0, 700)
    assert not record.makes_step(entry)
    assert screens(sell(terminal, card, 700)[1]) == ["too_low"]


def test_only_staff_and_only_at_meals():
    terminal = window()
    outcome, effects = sell(terminal, Card(9), 500)
    assert effects == [("show", "unpaid", (reasons.BLOCKED_KIND, 500))] and not outcome.accepted
    between = moment(terminal, NOON + 3 * HOUR_S, 3 * HOUR_S * 1000)
    assert sell(terminal, staff(), 500, between)[1] == [
        ("show", "unpaid", (reasons.OUT_OF_HOURS, 500))
    ]
    refusals = [record.unpack(raw) for raw in records(terminal)]
    assert [entry.policy for entry in refusals] == [
        1 << reasons.BLOCKED_KIND, 1 << reasons.OUT_OF_HOURS,
    ]  # fmt: skip
    no_meals = window(meals=b"")
    assert screens(sell(no_meals, staff(), 500)[1]) == ["paid"]
    named = window(staff=2)
    assert screens(sell(named, staff(), 500)[1]) == ["unpaid"]  # nobody is on its grants


# shows R4
def test_it_is_known_again_after_a_power_cut():
    for unit, reprogram in ((1, True), (32, False)):
        flash = flash_of(unit=unit, reprogram=reprogram)
        terminal, card, other = window(flash), staff(), staff(8)
        sell(terminal, card, 500)
        other.gone_at, other.written = 5, True
        sell(terminal, other, 1250)
        other.gone_at = None
        terminal = window(flash)
        assert screens(sell(terminal, card, 600)[1]) == ["paid"]
        assert terminal.key("*", moment(terminal))
        tap(terminal, other)  # its grey is settled: the meal was had
        assert other.purse().balance_fen == 4550
        assert screens(sell(terminal, other, 600)[1]) == ["paid"]


def test_torn_and_put_back_is_one_meal():
    for written, balance_fen in ((True, 4550), (False, 4550)):
        terminal, card = window(), staff()
        card.gone_at, card.written = 5, written
        assert sell(terminal, card, 1250)[1] == [("show", "put_back", (1250,))]
        card.gone_at = None
        assert tap(terminal, card)[1] == [("show", "meal", (800, 450, balance_fen))]
        assert screens(sell(terminal, card, 600)[1]) == ["paid"]


def test_paid_before_the_cut_counts_the_whole_bill():
    flash = flash_of()
    terminal, card = window(flash), staff()
    sell(terminal, card, 1250)
    terminal = window(flash)
    assert terminal.idle(moment(terminal))[0][1:] == ("last_paid", (7, NOON + 8 * HOUR_S, 1250))
    assert screens(sell(terminal, card, 1250)[1]) == ["paid_before"]


def test_a_cancelled_meal_may_be_had_again():
    terminal, card = window(), staff()
    sell(terminal, card, 1250)
    for char in "0#":
        terminal.key(char, moment(terminal))
    assert screens(tap(terminal, card)[1]) == ["cancelled"]
    assert card.purse().balance_fen == 5000
    assert sell(terminal, card, 900)[1] == [("show", "meal", (800, 100, 4900))]


def test_meals_that_cannot_be_are_refused_whole():
    from protocol.errors import LocalError
    from tests.shared.expect import raises

    for rows in (
        [(0x7F, 600, 600, 1)], [(0x80, 1, 2, 1)], [(1, 0, 1441, 1)], [(1, 1, 2, 70000)],
        [(3, 600, 720, 1), (2, 700, 800, 1)],
    ):  # fmt: skip
        raises(LocalError, meals.pack, rows)
    meals.pack([(1, 600, 720, 1), (2, 700, 800, 1)])
    terminal = window()
    version = terminal.params.version
    bad = params.pack({"staff": 1})[:-3] + b"\x1c\x07\x7f\x00\x09\x00\x01\x00\x01\x1d\x01\x01"
    assert terminal.params.apply(version + 1, bad) == 5
    assert terminal.params["meals"] == LATE
