"""Torn taps: at every instant, whoever comes next, the money is right and said once."""

from protocol import reasons, record
from tests.shared.campus import (
    NOON,
    NUMBER,
    Card,
    flash_of,
    moment,
    records,
    screens,
    tap,
    terminal_on,
)

OTHER_UID = bytes((4, 9, 9, 9, 9, 9, 9))


def torn(card, gone_at, written, flash=None):
    """A terminal where `card` was torn in a purchase of 12.50."""
    terminal = terminal_on(flash or flash_of())
    terminal.kind.ready(1250)
    card.gone_at, card.written = gone_at, written
    outcome, effects = tap(terminal, card)
    assert (outcome.accepted, outcome.reason, outcome.torn) == (False, reasons.PUT_BACK, True)
    assert effects == [("show", "put_back", (1250,))]
    assert (outcome.serial, terminal.journal.grey, terminal.tears) == (1, 1, 1)
    card.gone_at = None
    return terminal


def outcomes(terminal):
    return [record.outcome_of(raw) for raw in records(terminal)]


def test_write_done_answer_or_read_back_lost_pays_once():
    for gone_at in (4, 5):
        card = Card()
        terminal = torn(card, gone_at, True)
        assert card.purse().balance_fen == 3750
        outcome, effects = tap(terminal, card)
        assert outcome == (True, reasons.OK, 1250, 1, False)
        assert effects == [("show", "paid", (1250, 3750))]
        assert card.purse().balance_fen == 3750
        assert len(card.commands) == 4  # nothing was written
        assert outcomes(terminal) == [record.DONE]
        assert terminal.kind.awaited is None and terminal.kind.armed_fen is None


def test_write_lost_is_void_and_goes_on_in_the_same_tap():
    card = Card()
    terminal = torn(card, 4, False)
    assert card.purse().balance_fen == 5000
    outcome, effects = tap(terminal, card)
    assert outcome == (True, reasons.OK, 1250, 2, False)
    assert screens(effects) == ["paid"]
    assert card.purse().balance_fen == 3750
    assert outcomes(terminal) == [record.VOID, record.DONE]


def test_torn_block_is_void():
    card = Card()
    terminal = torn(card, 4, True)
    card.blocks[6] = card.blocks[6][:9] + bytes(7)  # the write stopped after 9 bytes
    assert tap(terminal, card)[0].serial == 2
    assert outcomes(terminal) == [record.VOID, record.DONE]


def test_torn_again_and_again():
    card = Card()
    terminal = torn(card, 4, False)
    for serial in (2, 3):
        card.gone_at = 4
        assert tap(terminal, card)[0] == (False, reasons.PUT_BACK, 1250, serial, True)
        card.gone_at = None
    assert tap(terminal, card)[0].serial == 4
    assert outcomes(terminal) == [record.VOID, record.VOID, record.VOID, record.DONE]


def test_another_card_may_not_take_the_place():
    card, other = Card(), Card(8, uid=OTHER_UID)
    terminal = torn(card, 4, True)
    outcome, effects = tap(terminal, other)
    assert (outcome.accepted, outcome.reason) == (False, reasons.PUT_BACK)
    assert effects == [("show", "unpaid", (reasons.PUT_BACK, 1250))]
    assert terminal.key("5", moment(terminal)) == [("show", "put_back", (1250,))]
    assert tap(terminal, card)[0] == (True, reasons.OK, 1250, 1, False)
    terminal.kind.ready(100)
    assert tap(terminal, other)[0].accepted


def test_the_cashier_clears_and_the_grey_stays():
    card, other = Card(), Card(8, uid=OTHER_UID)
    terminal = torn(card, 4, True)
    terminal.key("*", moment(terminal))
    terminal.kind.ready(300)
    assert tap(terminal, other)[0].accepted
    assert outcomes(terminal) == [record.INTENT, record.DONE]
    terminal.kind.ready(1250)  # a new meal for the same money is a new debit
    outcome, _ = tap(terminal, card)
    assert (outcome.accepted, outcome.serial) == (True, 4)
    assert card.purse().balance_fen == 2500
    raws = records(terminal)
    assert [record.outcome_of(raw) for raw in raws] == [record.DONE] * 4
    witness = record.unpack(raws[2])
    assert (witness.type, witness.detail, witness.counter) == (record.EVENT, 1, 1)
    assert (witness.previous_terminal, witness.previous_serial) == (NUMBER, 1)


def test_a_card_used_elsewhere_in_between():
    for writer, expected in (((NUMBER, 1), record.DONE), ((99, 5), record.VOID)):
        card = Card()
        terminal = torn(card, 4, False)
        for terminal_serial in (writer, (99, 6)):
            debit(card, *terminal_serial)
        terminal.key("*", moment(terminal))
        tap(terminal, card)
        assert outcomes(terminal)[0] == expected


def test_a_card_that_cannot_tell_any_more_leaves_it_to_the_server():
    card = Card()
    terminal = torn(card, 4, True)
    for serial in range(3):
        debit(card, 99, serial)
    outcome, effects = tap(terminal, card)
    assert (outcome.accepted, outcome.reason) == (False, reasons.PUT_BACK)
    assert screens(effects) == ["unpaid"]
    assert outcomes(terminal)[0] == record.INTENT


def debit(card, terminal, serial):
    """Some other terminal takes 1 fen."""
    from card_layout import purse_m1
    from tests.shared.card import mac_of

    held, index, _ = purse_m1.choose(card.blocks[5], card.blocks[6], card.uid, mac_of(card.uid))
    after = purse_m1.successor(held, -1, terminal, serial)
    card.blocks[index] = purse_m1.pack(after, card.uid, index, mac_of(card.uid))


def test_power_lost_in_the_tap_and_the_same_card_at_once():
    for written, armed, expected in (
        (True, None, (True, reasons.OK, 1250, 1, False)),
        (True, 1250, (True, reasons.OK, 1250, 1, False)),
        (False, 1250, (True, reasons.OK, 1250, 2, False)),
    ):
        flash, card = flash_of(), Card()
        torn(card, 4, written, flash)
        terminal = terminal_on(flash)
        if armed:
            terminal.kind.ready(armed)
        now = moment(terminal, NOON + 60)
        assert tap(terminal, card, now)[0] == expected
        assert card.purse().balance_fen == 3750


def test_power_lost_after_the_torn_debit_was_sent_pays_once():
    for written, serial in ((True, 1), (False, 2)):
        flash, card = flash_of(), Card()
        before = torn(card, 4, written, flash)
        before.journal.ack(before.journal.batch(50)[0])
        terminal = terminal_on(flash)
        terminal.kind.ready(1250)
        outcome = tap(terminal, card, moment(terminal, NOON + 60))[0]
        assert outcome == (True, reasons.OK, 1250, serial, False)
        assert card.purse().balance_fen == 3750


def test_power_lost_in_the_tap_and_another_amount_or_much_later():
    for utc_s, armed in ((NOON + 60, 300), (NOON + 3600, 1250)):
        flash, card = flash_of(), Card()
        torn(card, 4, True, flash)
        terminal = terminal_on(flash)
        terminal.kind.ready(armed)
        outcome, _ = tap(terminal, card, moment(terminal, utc_s))
        assert (outcome.accepted, outcome.amount_fen) == (True, armed)
        assert outcomes(terminal) == [record.DONE, record.DONE]
        assert card.purse().balance_fen == 3750 - armed


def test_the_card_answers_but_does_not_write():
    terminal, card = terminal_on(flash_of()), Card()
    terminal.kind.ready(1250)
    card.deaf_to_writes = True
    outcome, effects = tap(terminal, card)
    assert (outcome.accepted, outcome.reason, outcome.torn) == (False, reasons.CARD_GONE, False)
    assert outcomes(terminal) == [record.VOID] and terminal.kind.armed_fen == 1250
    card.deaf_to_writes = False
    assert tap(terminal, card)[0].accepted


# shows R25
def test_closed_at_every_yield():
    for steps in range(1, 9):
        terminal, card = terminal_on(flash_of()), Card()
        terminal.kind.ready(1250)
        generator = terminal.tap(moment(terminal))
        request = next(generator)
        for _ in range(steps - 1):
            if request[0] == "show":
                break
            answer = card.select() if request[0] == "select" else card.answer(request[1])
            request = generator.send(answer)
        generator.close()
        assert terminal.journal.open == 0
        outcome, _ = tap(terminal, card)
        if steps < 8:
            assert (outcome.accepted, outcome.torn) == (True, False), steps
        assert card.purse().balance_fen == 3750
        done = [record.unpack(raw) for raw in records(terminal) if raw[60] == record.DONE]
        assert [entry.amount_fen for entry in done] == [1250]


def test_a_grey_that_was_sent_is_told_by_a_witness():
    card = Card()
    terminal = torn(card, 4, True)
    last, sent = terminal.journal.batch(50)
    assert record.outcome_of(sent) == record.INTENT
    terminal.journal.ack(last)
    outcome, effects = tap(terminal, card)
    assert (outcome.accepted, outcome.serial) == (True, 1) and screens(effects) == ["paid"]
    witness = record.unpack(records(terminal)[0])
    assert (witness.type, witness.detail, witness.counter) == (record.EVENT, 1, 1)


def test_a_torn_debit_counts_in_the_offline_caps():
    card = Card()
    terminal = terminal_on(flash_of())
    offline = moment(terminal, online=False)
    terminal.kind.ready(4000)
    card.gone_at = 4
    tap(terminal, card, offline)
    card.gone_at = None
    assert tap(terminal, card, offline)[0].accepted
    assert terminal.seen.spent(7) == (1, 4000)
