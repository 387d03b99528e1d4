"""Bugs of the limits and of the PIN above them: one protection each, off (see thief_at_tills)."""

from firmware.core import pin
from firmware.core.books import Books
from firmware.core.pin import Pin
from firmware.core.terminal import Terminal
from firmware.kinds.pos import Pos
from sync_server.store.pins import Pins
from tests.chaos.planting import Bug, breaks, rewrite

TABLE: list[Bug] = []


def _leave_outlives_the_amount(patch):
    """The other defence: keys are the PIN's until it is over, and a new amount ends it."""
    old = "self.pin is not None and self.awaited is None"
    rewrite(patch, Pos, "key", (old, f'{old} and self.pin.state != "GIVEN"'))
    rewrite(patch, Pos, "_clear", ("self.pin = None", "pass"))


@breaks("P2", TABLE)
def a_try_counts_only_when_it_was_looked_at(patch):
    """Who kills the server, or cuts the line to it, in time has tries without an end."""
    counted = '"UPDATE pin SET wrong = wrong + 1 WHERE holder = ?", (holder,)'
    rewrite(patch, Pins, "begin", (counted, '"SELECT ?", (holder,)'))
    old = 'wrong = self._db.one("SELECT wrong FROM pin WHERE holder = ?", holder)'
    new = 'self._db.conn.execute("UPDATE pin SET wrong = wrong + 1 WHERE holder = ?", (holder,))\n'
    rewrite(patch, Pins, "end", (old, f"{new}            {old}"))


@breaks("P2", TABLE)
def each_till_counts_for_itself(patch):
    """As if tries were kept at the terminal."""
    rewrite(patch, Pins, "begin", (
        "row[1] >= pins.TRIES",
        'self._db.one("SELECT count(*) FROM pin_try WHERE holder = ? AND terminal = ? AND id >'
        " (SELECT coalesce(max(id), 0) FROM pin_try WHERE holder = ? AND verdict = 0)\","
        " holder, terminal, holder) >= pins.TRIES",
    ))  # fmt: skip


@breaks("P2", TABLE)
def each_card_has_three_tries(patch):
    rewrite(patch, Pins, "begin", (
        "row[1] >= pins.TRIES",
        'self._db.one("SELECT count(*) FROM pin_try WHERE holder = ? AND card = ? AND id >'
        " (SELECT coalesce(max(id), 0) FROM pin_try WHERE holder = ? AND verdict = 0)\","
        " holder, card, holder) >= pins.TRIES",
    ))  # fmt: skip


@breaks("P2", TABLE)
def a_locked_pin_is_looked_at(patch):
    rewrite(patch, Pins, "begin", ("row[1] >= pins.TRIES", "False"))


@breaks("P1", TABLE)
def the_limit_is_looked_at_after_the_debit(patch):
    """What was paid before counts, and not this payment."""
    rewrite(patch, pin, "_is_above", ("before + elsewhere + fen", "before + elsewhere"))


@breaks("P1", TABLE)
def power_gives_the_days_limit_back(patch):
    rewrite(patch, Books, "__init__", ("max(slots, spent.RECORDS)", "slots"))


@breaks("P1", TABLE)
def the_limit_of_a_tap_is_not_looked_at(patch):
    rewrite(patch, pin, "_is_above", ('0 < settings["pin_tap_fen"] < fen', "False"))


@breaks("P1", TABLE)
def a_leave_is_for_any_amount(patch):
    rewrite(
        patch, Pin, "covers", ("(self.card, self.fen) == (tap.card, fen)", "self.card == tap.card")
    )
    _leave_outlives_the_amount(patch)


@breaks("P1", TABLE)
def a_leave_is_for_any_card(patch):
    rewrite(patch, Pin, "covers", ("(self.card, self.fen) == (tap.card, fen)", "self.fen == fen"))
    rewrite(patch, Pos, "decide", ("self.pin.card != tap.card", "False"))


@breaks("P1", TABLE)
def a_leave_is_good_for_ever(patch):
    """Once it was given: neither time nor its payment ends it."""
    rewrite(patch, Pin, "covers", ("tap.now.ticks_ms < self._until_ms", "True"))
    rewrite(patch, Terminal, "turn", ("pin is not None and pin.turn(now)", "False"))


@breaks("P1", TABLE)
def a_payment_does_not_use_it_up(patch):
    rewrite(patch, Pos, "accepted", ("self.pin.paid(tap.now)", "pass"))
    _leave_outlives_the_amount(patch)


@breaks("P1", TABLE)
def asked_is_as_good_as_right(patch):
    rewrite(patch, Pin, "covers", ("self.state == GIVEN", "True"))


@breaks("P1", TABLE)
def no_answer_is_a_good_one(patch):
    rewrite(patch, pin, "_verdict", ("reasons.PIN_OFFLINE, 0", "reasons.OK, 0"))


@breaks("P1", TABLE)
def offline_nobody_is_asked(patch):
    old = 'not tap.now.online and offline_fen <= settings["pin_offline_fen"]'
    rewrite(patch, pin, "judge", (old, "not tap.now.online"))
