"""/people: find somebody; /people/<id>: who they are, their cards, their money, what they paid."""

from __future__ import annotations

import time
from typing import Any

from flask import current_app, g, request, url_for
from flask_babel import gettext as _

from sync_server.core import validity
from sync_server.web import fields
from sync_server.web.answers import done, is_part, shown
from sync_server.web.console import view
from sync_server.web.desk import desk
from sync_server.web.payment_words import fee_words, how_words
from sync_server.web.roles import HOLDER_WORDS

_ONE = "/people/<int(min=1):number>"
_TEXT_MOST = 40


def _people():
    return current_app.extensions["desk"].orders.people


@desk.get("/people")
def people():
    """?q=TEXT&kind=0..3&after=N -> {people, counts}: 50, by number; those who left last"""
    text = request.args.get("q", "")[:_TEXT_MOST]
    kind = request.args.get("kind", 0, type=int)
    after = max(request.args.get("after", 0, type=int), 0)
    told = {"people": _people().find(text, kind if kind in (1, 2, 3) else 0, after)}
    page = "_people.html" if is_part() else "people.html"
    if not is_part():
        told["counts"] = _people().counts()
    return shown(page, told, q=text, kind=kind, after=after, kinds=HOLDER_WORDS)


@desk.get(_ONE)
def person(number: int):
    """-> {holder, cards, extensions, taps, fees}"""
    orders = current_app.extensions["desk"].orders
    told = _people().holder(number) | {"fees": orders.fees.of_holder(number)}
    today = validity.today(int(time.time()))
    total = sum(card["purse_fen"] + card["account_fen"] for card in told["cards"])
    return shown(
        "person.html",
        told,
        kinds=HOLDER_WORDS,
        fee_words=fee_words(),
        hows=how_words(),
        receipt=orders.tills.new_receipt,
        today=today,
        total=view.money(total),
        latest=validity.shown(validity.latest(told["holder"]["kind"], today)),
        lines=view.taps(told["taps"]),
        states=[card_state(card, today) for card in told["cards"]],
    )


@desk.post(f"{_ONE}/extension")
def extend(number: int):
    """{until: "YYYY-MM-DD", approver, paper} -> {id}: who approves is responsible"""
    wish = fields.given()
    until = fields.day(wish, "until")
    approver, paper = fields.text(wish, "approver", 40), fields.text(wish, "paper", 60)
    _people().extend(number, until, approver, paper, by=g.visitor.name)
    to = url_for("desk.person", number=number)
    return done({"id": number}, to, _("Extended until %(day)s.", day=validity.shown(until)))


@desk.post(f"{_ONE}/cards")
def link(number: int):
    """{card} -> {id, card}: a card that was nobody's"""
    card = fields.number(fields.given(), "card", 1, fields.CARD_MAX)
    _people().link(number, card)
    told = {"id": number, "card": card}
    return done(told, url_for("desk.person", number=number), _("The card is linked."))


def card_state(card: dict[str, Any], today: int) -> tuple[str, str]:
    """(word, tone) of a card."""
    if card["ended_utc_s"]:
        return _("ended"), "bad"
    if card["closed"]:
        words = {"replaced": _("replaced"), "returned": _("taken back"), "void": _("given up")}
        return words[card["closed"]], "bad"
    if card["lost"]:
        return _("reported lost"), "bad"
    if card["valid_until"] < today:
        return _("expired"), "warn"
    return _("in use"), "good"
