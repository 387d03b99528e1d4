"""After a power cut the till says what the last sale came to, and asks before it is paid again."""

from protocol import reasons, record
from tests.shared.campus import NOON, Card, flash_of, moment, records, screens, tap, terminal_on

LOCAL_S = NOON + 8 * 3600


def boot(flash, later_s=5):
    """-> (terminal, its moment) some seconds after the noon of the last sale."""
    terminal = terminal_on(flash)
    terminal.on_open(terminal.moment(NOON + later_s, 0))
    return terminal, terminal.moment(NOON + later_s, 200)


def sold(fen=1250, cards=1):
    """-> (flash, card) after a sale, and power was cut."""
    flash, card = flash_of(), Card()
    terminal = terminal_on(flash)
    terminal.kind.ready(fen)
    assert tap(terminal, card)[0].accepted
    return flash, card


def test_what_was_paid_is_shown_until_a_key_or_a_card_comes():
    flash, card = sold()
    terminal, now = boot(flash)
    shown = [("show", "last_paid", (7, LOCAL_S, 1250))]
    assert terminal.idle(now) == shown and terminal.idle(now) == shown
    terminal.key("*", now)
    assert screens(terminal.idle(now)) == ["idle_online"]
    terminal, now = boot(flash)
    tap(terminal, card, now)
    assert screens(terminal.idle(now)) == ["idle_online"]


def test_the_same_once_more_is_asked_about_and_taken_after_the_key():
    flash, card = sold()
    terminal, now = boot(flash)
    for _ in range(2):  # whoever does not answer is asked again
        terminal.key("*", now)
        terminal.kind.ready(1250)
        outcome, effects = tap(terminal, card, now)
        assert (outcome.accepted, outcome.reason) == (False, reasons.PAID_BEFORE)
        assert effects == [("show", "paid_before", (7, LOCAL_S, 1250))]
    assert card.purse().balance_fen == 3750
    assert screens(terminal.key("#", now)) == ["ready"]
    assert tap(terminal, card, now)[0].accepted
    assert card.purse().balance_fen == 2500
    terminal.kind.ready(1250)
    assert tap(terminal, card, now)[0].accepted  # it is over


def test_another_amount_or_a_later_moment_is_not_asked_about():
    flash, card = sold()
    terminal, now = boot(flash)
    terminal.kind.ready(1251)
    assert tap(terminal, card, now)[0].accepted
    flash, card = sold()
    terminal, now = boot(flash, later_s=601)
    assert screens(terminal.idle(now)) == ["idle_online"]
    terminal.kind.ready(1250)
    assert tap(terminal, card, now)[0].accepted


def test_a_grey_sale_is_awaited_though_the_clock_cannot_tell_how_old_it_is():
    """Gear 1, seed 1073225755: the clock was wrong when power failed, and was set right before the
    sale was entered again: the card paid twice."""
    for clock_s, later_s in ((NOON - 300_000, 5), (NOON, -NOON)):
        flash, card = flash_of(), Card()
        terminal = terminal_on(flash)
        terminal.told_time(NOON, moment(terminal))
        terminal.kind.ready(1250)
        card.gone_at, card.written = 4, True
        tap(terminal, card, terminal.moment(clock_s, 400))
        card.gone_at = None
        terminal, now = boot(flash, later_s)
        terminal.kind.ready(1250)
        assert screens(tap(terminal, card, now)[1]) == ["paid"]
        assert card.purse().balance_fen == 3750


def test_a_grey_sale_and_a_refused_one_are_shown_as_such():
    flash, card = flash_of(), Card()
    terminal = terminal_on(flash)
    terminal.kind.ready(1250)
    card.gone_at, card.written = 4, True
    tap(terminal, card)
    card.gone_at = None
    terminal, now = boot(flash)
    assert terminal.idle(now) == [("show", "last_grey", (7, LOCAL_S, 1250))]
    assert screens(tap(terminal, card, now)[1]) == ["paid"]  # the card came back
    terminal.kind.ready(9999)
    tap(terminal, card, now)
    terminal, now = boot(flash)
    assert screens(terminal.idle(now)) == ["last_unpaid"]


def test_what_a_card_settled_after_it_was_sent_counts_as_paid():
    flash, card = flash_of(), Card()
    terminal = terminal_on(flash)
    terminal.kind.ready(1250)
    card.gone_at, card.written = 4, True
    tap(terminal, card)
    card.gone_at = None
    terminal.journal.batch(50)
    assert screens(tap(terminal, card)[1]) == ["paid"]
    assert record.unpack(records(terminal)[-1]).type == record.EVENT
    terminal, now = boot(flash)
    assert screens(terminal.idle(now)) == ["last_paid"]
    terminal.kind.ready(1250)
    assert tap(terminal, card, now)[0].reason == reasons.PAID_BEFORE
