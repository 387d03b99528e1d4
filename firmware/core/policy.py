"""Whether a card that is ours may do what it asks here: one ordered list of checks.

All checks are evaluated, and bit n of the policy word tells that the check with reason n would
refuse: evidence that can be judged again later (R17). The first one that bites is the answer; so
the order of CHECKS is the order of importance: what keeps this terminal from working, then what
keeps this card from being used anywhere, then the amount, the right, the limits of being offline,
the money. A check is a predicate over the tap (core.tap.Tap) and changes nothing.
Limits: reasons 1..31, each once.
"""

from card_layout import identity
from firmware.core import clock
from protocol import reasons

_UNIX_DAY_2000 = identity.DAY_0_UTC_S // 86400


def _not_ready(tap):
    return not tap.terminal.params.met


def _clock_unset(tap):
    if tap.now.online or clock.is_set(tap.now.utc_s) or tap.emergency:
        return False
    return tap.pays or bool(tap.terminal.params["windows"])


def _journal_full(tap):
    return tap.terminal.journal.full or tap.kind_reason == reasons.JOURNAL_FULL


def _awaited(tap):
    """A debit that was torn here waits for its card; nobody else's card may take its place."""
    return tap.terminal.kind.awaited is not None


def _in_use(tap):
    return tap.kind_reason == reasons.IN_USE


def _out_of_service(tap):
    return tap.kind_reason == reasons.OUT_OF_SERVICE


def _listed(tap):
    """A card issued or restored after this list was made is not meant by it. One that met a
    terminal with a newer list carries the mark."""
    blacklist = tap.terminal.blacklist
    return tap.stopped or blacklist.has(tap.card) and tap.identity.list_stamp <= blacklist.version


def _counter_back(tap):
    return tap.terminal.seen.is_older(tap.card, tap.purse.counter)


def _expired(tap):
    """After the last valid day, in local time."""
    if not clock.is_set(tap.now.utc_s):
        return False
    day, _, _ = clock.local_minute(tap.now.utc_s, tap.terminal.params["utc_offset_min"])
    return day - _UNIX_DAY_2000 > tap.identity.valid_until


def _blocked_kind(tap):
    is_known = tap.identity.holder_kind in identity.HOLDER_KINDS
    return not is_known or tap.kind_reason == reasons.BLOCKED_KIND


def _amount_zero(tap):
    return tap.pays and tap.amount_fen == 0


def _tap_limit(tap):
    if not tap.pays:
        return False
    order = tap.emergency
    return tap.amount_fen > tap.terminal.params["tap_limit_fen"] or (
        order is not None and tap.amount_fen > order.tap_fen
    )


def _no_right(tap):
    return tap.kind_reason == reasons.NO_RIGHT


def _out_of_hours(tap):
    return tap.kind_reason == reasons.OUT_OF_HOURS


def _passback(tap):
    return tap.kind_reason == reasons.PASSBACK


def _paid_before(tap):
    """Just before power failed: who saw no screen enters it again. The cashier is asked."""
    if not tap.pays:
        return False
    tolerance_s = tap.terminal.params["clock_tolerance_s"]
    fen = tap.terminal.kind.armed_fen or tap.amount_fen  # a subsidy may have paid of it before
    return tap.terminal.recall.repeats(tap.card, fen, tap.now, tolerance_s)


def _repeated(tap):
    return tap.kind_reason == reasons.REPEATED


def _offline_too_long(tap):
    if tap.now.online or tap.emergency:
        return False
    return tap.terminal.offline_s(tap.now) > tap.terminal.params["offline_hours"] * 3600


def _list_too_old(tap):
    if tap.now.online or tap.emergency:
        return False
    return tap.list_age_min > tap.terminal.params["offline_list_age_h"] * 60


def _offline_taps(tap):
    if tap.now.online or tap.emergency or not tap.pays:
        return False
    return tap.terminal.seen.spent(tap.card)[0] >= tap.terminal.params["offline_taps_per_card"]


def _offline_fen(tap):
    """In an emergency the limits of being offline do not count: the order has its own."""
    terminal = tap.terminal
    if tap.emergency and tap.pays:
        return terminal.emergency.spent.fen(tap.card) + tap.amount_fen > tap.emergency.card_fen
    if tap.now.online or not tap.pays:
        return False
    fen = terminal.seen.spent(tap.card)[1] + tap.amount_fen
    return fen > terminal.params["offline_fen_per_card"]


def _pin(tap):
    """What cannot be paid anyway needs none."""
    return tap.kind_reason == reasons.PIN


def _counter_end(tap):
    return tap.pays and tap.purse.counter >= tap.credential.COUNTER_MAX


def _balance(tap):
    return tap.pays and tap.purse.balance_fen < tap.amount_fen


CHECKS = (
    (reasons.NOT_READY, _not_ready),
    (reasons.CLOCK_UNSET, _clock_unset),
    (reasons.JOURNAL_FULL, _journal_full),
    (reasons.IN_USE, _in_use),
    (reasons.OUT_OF_SERVICE, _out_of_service),
    (reasons.PUT_BACK, _awaited),
    (reasons.LISTED, _listed),
    (reasons.COUNTER_BACK, _counter_back),
    (reasons.EXPIRED, _expired),
    (reasons.BLOCKED_KIND, _blocked_kind),
    (reasons.AMOUNT_ZERO, _amount_zero),
    (reasons.TAP_LIMIT, _tap_limit),
    (reasons.NO_RIGHT, _no_right),
    (reasons.OUT_OF_HOURS, _out_of_hours),
    (reasons.PASSBACK, _passback),
    (reasons.PAID_BEFORE, _paid_before),
    (reasons.REPEATED, _repeated),
    (reasons.OFFLINE_TOO_LONG, _offline_too_long),
    (reasons.LIST_TOO_OLD, _list_too_old),
    (reasons.OFFLINE_TAPS, _offline_taps),
    (reasons.OFFLINE_FEN, _offline_fen),
    (reasons.COUNTER_END, _counter_end),
    (reasons.BALANCE, _balance),
    (reasons.PIN, _pin),
)


def judge(tap, checks=CHECKS):
    """-> (reason of the first check that bites or OK, bits of all that bite)."""
    answer = reasons.OK
    bits = 0
    for reason, bites in checks:
        if bites(tap):
            bits |= 1 << reason
            if answer == reasons.OK:
                answer = reason
    return answer, bits
