"""Taps at a POS and a gate: what is taken, said and recorded, good cards and bad ones."""

from card_layout import purse_m1
from card_layout.purse_m1 import Purse
from firmware.core.seen import Seen
from firmware.credential import air
from protocol import messages, reasons, record
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
from tests.shared.card import mac_of


def pos(amount_fen=1250):
    terminal = terminal_on(flash_of())
    if amount_fen is not None:
        terminal.kind.ready(amount_fen)
    return terminal


def gate(**params):
    terminal = terminal_on(flash_of(messages.GATE))
    if params:
        from protocol.params import pack

        terminal.params.apply(1, pack(params))
    return terminal


def refused(terminal, card, reason, recorded=True, now=None):
    """A refusal: shown, recorded with its reason and bit, and the card as it was (but for the mark
    of a reported one)."""
    before = dict(card.blocks)
    outcome, effects = tap(terminal, card, now)
    assert (outcome.accepted, outcome.reason) == (False, reason), outcome
    assert screens(effects) in (["refused"], ["unpaid"], ["too_low"]), effects
    raws = records(terminal)
    if reason == reasons.LISTED and card.blocks != before:
        mark = record.unpack(raws.pop())
        assert (mark.type, mark.reason, mark.amount_fen) == (record.LOAD, reasons.STOPPED, 0)
    else:
        assert card.blocks == before
    if not recorded:
        assert raws == [] and outcome.serial == 0
        return None
    entry = record.unpack(raws[-1])
    assert (entry.type, entry.reason, entry.serial) == (record.REFUSAL, reason, outcome.serial)
    assert record.outcome_of(raws[-1]) == record.DONE
    return entry


def test_a_purchase_is_five_commands_and_the_screen_comes_last():
    terminal, card = pos(), Card()
    outcome, effects = tap(terminal, card)
    assert outcome == (True, reasons.OK, 1250, 1, False)
    assert effects == [("show", "paid", (1250, 3750))]
    assert bytes([command[0] for command in card.commands]) == bytes.fromhex("61303030a030")
    assert card.purse() == Purse(1, 3750, NUMBER, 1)
    (raw,) = records(terminal)
    entry = record.unpack(raw)
    assert record.outcome_of(raw) == record.DONE
    assert (entry.type, entry.card, entry.amount_fen) == (record.PURCHASE, 7, 1250)
    assert entry.counter == 0
    assert (entry.balance_fen, entry.utc_s, entry.credential) == (3750, NOON, 0x11)
    assert entry.flags == record.ONLINE | record.PURSE_READ | record.CLOCK_TRUSTED
    assert entry.previous_amount_fen == record.UNKNOWN_AMOUNT_FEN
    assert terminal.kind.armed_fen is None


def test_the_next_record_names_the_one_before():
    terminal, card = pos(), Card()
    tap(terminal, card)
    terminal.kind.ready(300)
    tap(terminal, card)
    entry = record.unpack(records(terminal)[1])
    assert (entry.counter, entry.previous_terminal, entry.previous_serial) == (1, NUMBER, 1)
    assert (entry.previous_amount_fen, entry.balance_fen) == (1250, 3450)


def test_paid_is_never_said_before_the_confirm():
    terminal, card = pos(), Card()
    generator = terminal.tap(moment(terminal))
    request = next(generator)
    while request[0] != "show":
        answer = card.select() if request[0] == "select" else card.answer(request[1])
        if request[0] == "card" and request[1][0] == air.WRITE:
            assert terminal.journal.open == 1 and records(terminal) == []
        request = generator.send(answer)
    assert request[1] == "paid"
    assert record.outcome_of(records(terminal)[0]) == record.DONE
    generator.close()


def test_no_card_is_no_tap():
    terminal = pos()
    assert tap(terminal, None) == (None, [])
    assert records(terminal) == []


def test_without_an_amount_the_balance_is_shown_and_nothing_recorded():
    terminal = pos(None)
    outcome, effects = tap(terminal, Card(valid_until=10000))
    assert (outcome.accepted, outcome.reason) == (False, reasons.OK)
    assert effects == [("show", "balance", (5000, 10000))]
    _, effects = tap(terminal, Card(valid_until=3000))
    assert effects == [("show", "refused", (reasons.EXPIRED,))]
    assert records(terminal) == []


def test_a_gate_opens_reads_with_key_a_and_never_writes():
    terminal, card = gate(), Card()
    before = dict(card.blocks)
    outcome, effects = tap(terminal, card)
    assert outcome == (True, reasons.OK, 0, 1, False)
    assert effects == [("pin", "barrier", 3000), ("show", "pass", (2,))]
    assert bytes([command[0] for command in card.commands]) == bytes.fromhex("60303030")
    assert card.blocks == before
    raw = records(terminal)[0]
    entry = record.unpack(raw)
    assert record.outcome_of(raw) == record.DONE and entry.type == record.PASS
    assert entry.flags & record.PURSE_READ and entry.balance_fen == 5000


# bad cards


def test_many_cards():
    terminal = pos()
    outcome, effects = tap(terminal, None, found=("many", 2))
    assert (outcome.accepted, outcome.reason) == (False, reasons.MANY_CARDS)
    assert effects == [("show", "unpaid", (reasons.MANY_CARDS, 1250))]
    assert records(terminal) == []


def test_a_foreign_chip_and_a_foreign_uid():
    for sak, uid in ((0x00, bytes(4)), (0x08, bytes(10))):
        terminal = pos()
        outcome, _ = tap(terminal, None, found=("one", uid, sak))
        assert outcome.reason == reasons.FOREIGN
        assert record.unpack(records(terminal)[0]).card == 0


def test_wrong_key():
    for terminal in (pos(), gate()):
        card = Card()
        card.key_a = card.key_b = bytes(6)
        entry = refused(terminal, card, reasons.FOREIGN)
        assert entry.card == 0 and not entry.flags & record.PURSE_READ


def test_a_card_that_lets_us_in_but_not_read():
    terminal, card = pos(), Card()
    card.answer = lambda command: (air.DENIED if command[0] == air.READ else air.OK, b"")
    refused(terminal, card, reasons.FOREIGN)


# shows R15
def test_altered_purse_and_identity():
    card = Card()
    card.blocks[5] = card.blocks[5][:4] + b"\xff" + card.blocks[5][5:]
    entry = refused(pos(), card, reasons.ALTERED)
    assert entry.card == 7 and not entry.flags & record.PURSE_READ
    card = Card()
    card.blocks[4] = b"\x00\x00\x08" + card.blocks[4][3:]
    assert refused(pos(), card, reasons.ALTERED).card == 0
    assert refused(gate(), card, reasons.ALTERED).card == 0


# shows R1
def test_expired_in_local_time():
    last_day = (NOON - 946684800) // 86400
    evening = NOON - NOON % 86400 + 86399  # 23:59:59 UTC is the next morning here
    terminal = pos()
    outcome, _ = tap(terminal, Card(valid_until=last_day))
    assert outcome.accepted
    terminal = pos()
    now = moment(terminal, evening)
    refused(terminal, Card(valid_until=last_day), reasons.EXPIRED, now=now)


# shows R10
def test_listed_unless_reissued_after_the_list():
    from protocol import blacklist

    terminal = pos()
    blob = blacklist.encode_delta([7, 9], [], 32768)
    digest = blacklist.digest(blacklist.bitmap([7, 9], 32768))
    assert terminal.blacklist.apply_delta(0, 5, digest, blob, NOON) == messages.APPLIED
    entry = refused(terminal, Card(7, list_stamp=5), reasons.LISTED)
    assert entry.policy == 1 << reasons.LISTED and entry.list_version == 5
    terminal.kind.ready(100)
    terminal.seen = Seen()  # it is another card
    assert tap(terminal, Card(7, list_stamp=6))[0].accepted
    terminal.kind.ready(100)
    assert tap(terminal, Card(8))[0].accepted


def test_balance_too_low_keeps_the_amount_for_another_card():
    terminal = pos()
    entry = refused(terminal, Card(balance_fen=1249), reasons.BALANCE)
    assert (entry.amount_fen, entry.balance_fen) == (1250, 1249)
    assert tap(terminal, Card(8))[0].accepted


def test_amounts_that_may_not_be_paid_touch_no_card():
    refused(pos(0), Card(), reasons.AMOUNT_ZERO)
    refused(pos(5001), Card(balance_fen=100000), reasons.TAP_LIMIT)


# shows R17
def test_every_check_that_bites_leaves_its_bit():
    terminal = pos(6000)
    entry = refused(terminal, Card(valid_until=1, holder_kind=3), reasons.EXPIRED)
    assert entry.policy == 1 << reasons.EXPIRED | 1 << reasons.TAP_LIMIT | 1 << reasons.BALANCE


# shows R15
def test_an_older_copy_is_seen_on_the_terminal_that_saw_the_newer():
    terminal, card = pos(), Card()
    dump = dict(card.blocks)
    tap(terminal, card)
    card.blocks = dump
    terminal.kind.ready(100)
    refused(terminal, card, reasons.COUNTER_BACK)


def test_counter_at_its_end():
    card = Card()
    top = Purse(purse_m1.COUNTER_MAX, 5000, 1, 1)
    card.blocks[5] = purse_m1.pack(top, card.uid, 5, mac_of())
    refused(pos(), card, reasons.COUNTER_END)


def test_not_ready_and_no_clock():
    terminal = terminal_on(flash_of(), met=False)
    terminal.kind.ready(100)
    refused(terminal, Card(), reasons.NOT_READY)
    terminal = pos()
    entry = refused(terminal, Card(), reasons.CLOCK_UNSET, now=moment(terminal, 0, online=False))
    assert entry.utc_s == 0
    terminal = gate()
    now = moment(terminal, 0, online=False)
    terminal.params._values["offline_list_age_h"] = 1093  # nobody knows how old it is
    assert tap(terminal, Card(), now)[0].accepted


def test_offline_caps_end_with_the_spell():
    terminal, card = pos(2500), Card(balance_fen=50000)
    offline = moment(terminal, online=False)
    for _ in range(2):
        terminal.kind.ready(2500)
        assert tap(terminal, card, offline)[0].accepted
    terminal.kind.ready(1)
    refused(terminal, card, reasons.OFFLINE_FEN, now=offline)
    other = Card(8)
    for _ in range(3):
        terminal.kind.ready(1)
        assert tap(terminal, other, offline)[0].accepted
    terminal.kind.ready(1)
    refused(terminal, other, reasons.OFFLINE_TAPS, now=offline)
    assert tap(terminal, card, moment(terminal))[0].accepted
    offline = moment(terminal, online=False)
    terminal.kind.ready(1)
    assert tap(terminal, card, offline)[0].accepted


def test_offline_caps_survive_a_reboot():
    flash = flash_of()
    terminal, card = terminal_on(flash), Card()
    offline = moment(terminal, online=False)
    for _ in range(3):
        terminal.kind.ready(1)
        tap(terminal, card, offline)
    terminal = terminal_on(flash)
    terminal.kind.ready(2)
    refused(terminal, card, reasons.OFFLINE_TAPS, now=terminal.moment(NOON + 60, 0))


def test_offline_too_long_and_list_too_old():
    terminal = pos()
    moment(terminal, online=False)
    later = terminal.moment(NOON + 72 * 3600 + 60, (72 * 3600 + 60) * 1000)
    refused(terminal, Card(), reasons.LIST_TOO_OLD, now=later)
    later = terminal.moment(NOON + 240 * 3600 + 60, (240 * 3600 + 60) * 1000)
    entry = refused(terminal, Card(), reasons.OFFLINE_TOO_LONG, now=later)
    assert entry.policy == 1 << reasons.OFFLINE_TOO_LONG | 1 << reasons.LIST_TOO_OLD
    assert entry.list_age_min == 240 * 60 + 1


def test_a_clock_that_disagrees_with_the_server_ages_nothing():
    terminal = pos()
    moment(terminal, online=False)
    replayed = terminal.moment(NOON - 7 * 365 * 86400, 60000)
    terminal.kind.ready(1250)
    outcome, _ = tap(terminal, Card(), now=replayed)
    assert outcome.accepted
    assert record.unpack(records(terminal)[0]).list_age_min == 1


def test_removed_before_the_write_is_no_record():
    says = ("refused", (reasons.CARD_GONE,)), ("unpaid", (reasons.CARD_GONE, 1250))
    for terminal, said in (gate(), says[0]), (pos(), says[1]):
        for gone_at in range(4):
            card = Card()
            card.gone_at = gone_at
            outcome, effects = tap(terminal, card)
            assert outcome == (False, reasons.CARD_GONE, 0, 0, False)
            assert effects == [("show",) + said]
        assert records(terminal) == []


def test_a_full_journal_refuses_and_says_so():
    terminal, card = pos(), Card(balance_fen=90000)
    for serial in range(256):
        terminal.kind.ready(1)
        assert tap(terminal, card)[0].serial == serial + 1
    terminal.kind.ready(1)
    outcome, effects = tap(terminal, card)
    assert (outcome.accepted, outcome.reason, outcome.serial) == (False, reasons.JOURNAL_FULL, 0)
    assert effects == [("show", "unpaid", (reasons.JOURNAL_FULL, 1))]
    assert card.purse().balance_fen == 90000 - 256
    terminal.journal.batch(50)
    terminal.journal.ack(64)
    assert tap(terminal, card)[0].serial == 257


# rights at a gate


# shows R2
def test_rights_zone_grants_windows():
    from protocol import blacklist
    from protocol.params import pack_windows

    refused(gate(zone=3), Card(zones=1), reasons.NO_RIGHT)
    assert tap(gate(zone=3), Card(zones=8))[0].accepted
    terminal = gate(grants_only=1)
    refused(terminal, Card(), reasons.NO_RIGHT)
    blob = blacklist.encode([7], 32768)
    digest = blacklist.digest(blacklist.bitmap([7], 32768))
    assert terminal.grants.apply_full(1, digest, blob, NOON) == messages.APPLIED
    assert tap(terminal, Card(zones=0))[0].accepted
    refused(terminal, Card(8), reasons.NO_RIGHT)
    # NOON is Monday 22:13 in Beijing
    evening = pack_windows([(1 << 2, 0, 0x01, 22 * 60, 23 * 60)])
    assert tap(gate(windows=evening), Card())[0].accepted
    refused(gate(windows=evening), Card(holder_kind=1), reasons.NO_RIGHT)
    morning = pack_windows([(1 << 2, 0, 0x7F, 6 * 60, 9 * 60)])
    refused(gate(windows=morning), Card(), reasons.OUT_OF_HOURS)
    tuesday = pack_windows([(1 << 2, 0, 0x02, 22 * 60, 23 * 60)])
    refused(gate(windows=tuesday), Card(), reasons.OUT_OF_HOURS)


def test_a_kind_of_holder_of_later_years():
    card = Card()
    from card_layout import identity
    from card_layout.block import pack

    fields = identity._FIELDS
    card.blocks[4] = pack((7, 9, 20000, 0, 1, 1), fields, b"I" + card.uid, mac_of())
    refused(pos(), card, reasons.BLOCKED_KIND)
