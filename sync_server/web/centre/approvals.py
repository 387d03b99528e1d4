"""/approvals: what one person asked for and another one grants, or refuses."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, url_for
from flask_babel import gettext as _

from sync_server.web import fields
from sync_server.web.answers import done, shown
from sync_server.web.centre import centre
from sync_server.web.fields import CARD_MAX
from sync_server.web.payment_words import how_words
from sync_server.web.refusals import BadField
from sync_server.web.registry.words import list_words


def _orders():
    return current_app.extensions["desk"].orders


@centre.get("/approvals")
def approvals():
    """-> {requests, losses, decided}"""
    return shown(
        "approvals.html",
        _orders().offices.waiting(),
        deeds=deed_words(),
        kinds=list_words() | how_words(),
    )


@centre.post("/approvals/<int(min=1):number>")
def decide(number: int):
    """{act: "grant" or "refuse"} -> {request, granted}; whoever asked may only refuse"""
    granted = fields.one_of(fields.given(), "act", ("grant", "refuse")) == "grant"
    _orders().offices.decide(number, granted, by=g.visitor.name)
    words = _("Granted: it is done.") if granted else _("Refused.")
    return done({"request": number, "granted": granted}, url_for("centre.approvals"), words)


@centre.post(f"/approvals/losses/<int(max={CARD_MAX}):card>")
def let_loss(card: int):
    """-> how far it is: a report that the brake held takes effect"""
    waiting = {row["card"]: row["reported_by"] for row in _orders().offices.waiting()["losses"]}
    if waiting.get(card) == g.visitor.name:
        raise BadField(_("whoever asked may not grant it: a second person must"))
    told = _orders().loss_approve(card, by=g.visitor.name)
    return done(told, url_for("centre.approvals"), _("Granted: it is done."))


def deed_words() -> dict[str, Any]:
    """deed -> what it is called."""
    return {
        "end": _("Stop the cards of a list of leavers"),
        "refund": _("Refund by the bank"),
        "admission": _("Only admitted merchants take money"),
        "settlement": _("Pay merchants for their turnover"),
        "return": _("Give a payment back to who paid"),
        "subsidy": _("Pay for the meals of staff"),
        "fees": _("Let an office collect a fee"),
        "fee-refund": _("Refund a fee that was paid"),
        "fee-undo": _("Undo the receipt of a fee: it is due again"),
        "dispute": _("Refund after a dispute"),
        "cash": _("Reverse cash at the desk"),
    }
