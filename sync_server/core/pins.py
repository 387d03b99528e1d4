"""PINs: what is one, how many tries, who may try how often. Pure; docs/pin.md.

A PIN has six digits: a million of them, so what counts is how often somebody may try, and that the
first tries of everybody (123456, a birthday's row of digits, one's own number) are no PINs.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol import reasons

DIGITS = 6
TRIES = 3  # wrong ones in a row, over all terminals and cards of a holder
WRONG_MOST, WRONG_S = 20, 600  # wrong ones at one terminal: beyond, nobody's PIN is looked at there
TICKET_S = 15 * 60
UNLOCK_EVERY_S = 24 * 3600  # by the phone; the desk always may
_UP, _DOWN = "01234567890", "09876543210"


class Verdict(NamedTuple):
    """As PIN_STATE tells it. reason: of protocol.reasons; left: tries."""

    reason: int
    left: int


class Begun(NamedTuple):
    """A try that is counted and not looked at yet."""

    number: int
    hashed: str


def fault(pin: str, number: str = "") -> str | None:
    """What is wrong with a new PIN, or None. number: the holder's at their office."""
    if len(pin) != DIGITS or not (pin.isascii() and pin.isdigit()):
        return f"a PIN has {DIGITS} digits"
    if pin in _UP or pin in _DOWN or pin == pin[:2] * 3 or pin == pin[:3] * 2:
        return "this PIN is one of the first that a thief would try"
    if len(set(pin)) < 3 or pin in number:
        return "this PIN is one of the first that a thief would try"
    return None


def after(wrong: int) -> Verdict:
    """The answer to a try that was not right, which was the `wrong`-th in a row."""
    if wrong >= TRIES:
        return Verdict(reasons.PIN_LOCKED, 0)
    return Verdict(reasons.PIN_WRONG, TRIES - wrong)
