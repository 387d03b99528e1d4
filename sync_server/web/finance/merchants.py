"""/merchants: who may take money here, granted by three offices; /merchants/<n>: all of one."""

from __future__ import annotations

import time

from flask import current_app, g, url_for
from flask_babel import gettext as _

from sync_server.core import merchants as core
from sync_server.core import validity
from sync_server.web import fields
from sync_server.web.answers import done, shown
from sync_server.web.console import view
from sync_server.web.finance import finance
from sync_server.web.finance.words import TONES, event_words, state_words
from sync_server.web.refusals import BadField
from sync_server.web.roles import ROLE_WORDS

_ONE = "/merchants/<int(min=1):number>"
_BANK_LEAST, _BANK_MOST = 8, 30  # digits


def _merchants():
    return current_app.extensions["desk"].orders.merchants


@finance.get("/merchants")
def merchants():
    """-> {in_force, waits, merchants: [{id, name, state, contract, place, fee_per_mille, bank (its
    last digits), valid_until, takes_money, terminals}]}"""
    told = _merchants().all()
    return shown("merchants.html", told, words=state_words(), tones=TONES)


@finance.post("/merchants")
def apply():
    """{name, contract, place, fee (per mille), bank, until} -> {id}: three offices must grant it"""
    wish = read_wish(fields.given())
    number = _merchants().apply(wish, g.visitor.role, g.visitor.name)
    words = _("The application is entered: three offices must grant it.")
    return done({"id": number}, url_for("finance.merchant", number=number), words, 201)


@finance.get(_ONE)
def merchant(number: int):
    """-> {merchant, acts, granted: {office: person}, terminals, settlements}"""
    told = _merchants().get(number)
    row = told["merchant"]
    may_act = g.visitor.may("admit")
    events = (
        [event for event in core.TABLE[row["state"]] if event in core.EVENTS] if may_act else []
    )
    if g.visitor.role in told["granted"]:
        events = [event for event in events if event != core.GRANT]
    return shown(
        "merchant.html",
        told,
        words=state_words(),
        tones=TONES,
        event_words=event_words(),
        events=events if g.visitor.may("admit") else [],
        noted=core.NOTED,
        offices=core.OFFICES,
        roles=ROLE_WORDS,
        kinds=view.KIND_WORDS,
    )


@finance.post(f"{_ONE}/act")
def act(number: int):
    """{event: grant, refuse, suspend, resume, end; turn: of the application seen; note} ->
    {id, state}"""
    wish = fields.given()
    event = fields.one_of(wish, "event", (core.GRANT, *sorted(core.NOTED)))
    note = fields.text(wish, "note", 200) if wish.get("note") else ""
    if event in core.NOTED and not note:
        raise BadField(_("Please say why."))
    turn = fields.number(wish, "turn", 1, 1 << 31)
    who = (g.visitor.role, g.visitor.name)
    state = _merchants().act(number, turn, event, who, note)
    words = _("It is %(state)s now.", state=state_words()[state])
    to = url_for("finance.merchant", number=number)
    return done({"id": number, "state": state}, to, words)


@finance.post("/merchants/admission")
def admission():
    """-> {request}: a second person must grant that only admitted merchants take money"""
    number = _merchants().ask_admission(by=g.visitor.name)
    words = _("Asked: a second person must grant it.")
    return done({"request": number}, url_for("finance.merchants"), words, 202)


def _done(told: dict) -> set[str]:
    """What the visitor's office did already."""
    return {core.GRANT} if g.visitor.role in told["granted"] else set()


def read_wish(given: dict) -> dict:
    """The fields of an application. BadField."""
    bank = "".join(str(given.get("bank") or "").split())
    if not (bank.isascii() and bank.isdigit() and _BANK_LEAST <= len(bank) <= _BANK_MOST):
        raise BadField(_("The account at the bank has 8 to 30 digits."))  # never shown again
    until = fields.day(given, "until")
    if until < validity.today(int(time.time())):
        raise BadField(_("The contract has run out already."))
    return {
        "name": fields.text(given, "name", 60),
        "contract": fields.text(given, "contract", 40),
        "place": fields.text(given, "place", 60),
        "fee_per_mille": fields.number(given, "fee", 0, 1000),
        "bank": bank,
        "valid_until": until,
    }
