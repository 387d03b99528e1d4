"""Who bears a payment with a reported card (Art. 20, 23; R17): docs/evidence.md has the rules.

A pure function of facts that never change, or only become more exact: asked again later, it gives
the same answer (I8). It knows no database and no clock. All times are UTC seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

HOLDER, DEPARTMENT, CENTRE, OPEN = "holder", "department", "centre", "open"
TRUSTED_S = 60  # a clock that was trusted is right within this
BLIP_MIN = 10  # a list that was checked so lately: the line failed, nobody took it offline


class Span(NamedTuple):
    """After its begin, up to its end; None: not ended yet. So what is said now never changes what
    was received until now."""

    begin_s: int
    end_s: int | None

    def covers(self, first_s: int, last_s: int) -> bool:
        """All of first..last?"""
        return self.begin_s < first_s and (self.end_s is None or last_s <= self.end_s)

    def touches(self, first_s: int, last_s: int) -> bool:
        """Any of first..last?"""
        return self.begin_s < last_s and (self.end_s is None or first_s <= self.end_s)


class Loss(NamedTuple):
    """version: the first blacklist with the card, None while the report waits; made_s: when."""

    reported_s: int
    version: int | None
    made_s: int | None
    withdrawn_s: int | None


class Payment(NamedTuple):
    """A record that took money; it was made at first_s or later, at last_s or before."""

    terminal: int
    serial: int
    first_s: int
    last_s: int
    is_online: bool
    list_version: int
    list_age_min: int


class Facts(NamedTuple):
    """About the terminal of a payment, and the server. confirmed_s: when the terminal first said
    that it has a list with the card; None: never."""

    confirmed_s: int | None = None
    leaves: Sequence[Span] = ()
    away: Sequence[Span] = ()


class Verdict(NamedTuple):
    """bearer: one of the four; rule: a name of docs/evidence.md."""

    bearer: str
    rule: str


def made_between(
    utc_s: int, is_trusted: bool, received_s: int, before_s: int | None, after_s: int | None
) -> tuple[int, int]:
    """(first, last) moment at which a record can have been made.

    before_s, after_s: trusted clocks of the nearest records before and after it in its terminal.
    """
    if is_trusted:
        return utc_s - TRUSTED_S, min(utc_s + TRUSTED_S, max(received_s, utc_s - TRUSTED_S))
    first_s = 0 if before_s is None else before_s - TRUSTED_S
    last_s = received_s if after_s is None else min(received_s, after_s + TRUSTED_S)
    return first_s, max(first_s, last_s)


def loss_of(payment: Payment, losses: Sequence[Loss]) -> Loss | None:
    """The report that was open in some of the time in which a payment can have been made."""
    for loss in sorted(losses, key=lambda loss: loss.reported_s):
        if _open(loss).touches(payment.first_s, payment.last_s):
            return loss
    return None


def judge(payment: Payment, losses: Sequence[Loss], facts: Facts) -> Verdict:
    """Who bears it: the first rule that holds."""
    loss = loss_of(payment, losses)
    if loss is None:
        return Verdict(HOLDER, "unreported")
    for rule, bearer, holds in RULES:
        if holds(payment, loss, facts):
            return Verdict(bearer, rule)
    return Verdict(DEPARTMENT, "offline")


def _open(loss: Loss) -> Span:
    return Span(loss.reported_s, loss.withdrawn_s)


def _when(payment: Payment, loss: Loss, facts: Facts) -> bool:
    return not _open(loss).covers(payment.first_s, payment.last_s)


def _known(payment: Payment, loss: Loss, facts: Facts) -> bool:
    if loss.version is None or loss.made_s is None:
        return False
    return payment.list_version >= loss.version and payment.last_s > loss.made_s


def _waiting(payment: Payment, loss: Loss, facts: Facts) -> bool:
    return loss.made_s is None or payment.last_s <= loss.made_s


def _online(payment: Payment, loss: Loss, facts: Facts) -> bool:
    return payment.is_online


def _blip(payment: Payment, loss: Loss, facts: Facts) -> bool:
    return payment.list_age_min <= BLIP_MIN


def _away(payment: Payment, loss: Loss, facts: Facts) -> bool:
    return any(span.covers(payment.first_s, payment.last_s) for span in facts.away)


def _leave(payment: Payment, loss: Loss, facts: Facts) -> bool:
    return any(span.covers(payment.first_s, payment.last_s) for span in facts.leaves)


def _partly(payment: Payment, loss: Loss, facts: Facts) -> bool:
    if loss.made_s is not None and payment.first_s <= loss.made_s:
        return True
    spans = [*facts.away, *facts.leaves]
    if facts.confirmed_s is not None and not _older(payment, loss, facts):
        spans.append(Span(facts.confirmed_s, None))
    return any(span.touches(payment.first_s, payment.last_s) for span in spans)


def _older(payment: Payment, loss: Loss, facts: Facts) -> bool:
    return facts.confirmed_s is not None and facts.confirmed_s < payment.first_s


RULES: tuple[tuple[str, str, Callable[[Payment, Loss, Facts], bool]], ...] = (
    ("when", OPEN, _when),
    ("known", CENTRE, _known),
    ("waiting", CENTRE, _waiting),
    ("online", CENTRE, _online),
    ("blip", CENTRE, _blip),
    ("away", CENTRE, _away),
    ("leave", CENTRE, _leave),
    ("partly", OPEN, _partly),
    ("older", OPEN, _older),
)
