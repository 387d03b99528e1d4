"""/disputes: overdue ones first; /disputes/<n>: what each said, and what became of it.

A merchant's officer sees and answers only their own merchant's.
"""

from __future__ import annotations

from flask import current_app, g, request, url_for
from flask_babel import gettext as _

from sync_server.core import rights
from sync_server.core.disputes import TEXT_MOST
from sync_server.web import fields
from sync_server.web.answers import done, shown
from sync_server.web.disputes import disputes
from sync_server.web.payment_words import dispute_words

_ONE = "/disputes/<int(min=1,max=2147483647):number>"
SERIAL_MAX = 0xFFFFFFFE


def _cases():
    return current_app.extensions["desk"].orders.disputes


def _mine() -> str | None:
    """Whose disputes this visitor may see; None: all."""
    return (g.visitor.merchant or "") if g.visitor.role == rights.MERCHANT else None


@disputes.get("/disputes")
def cases():
    """?ended=1 -> {disputes}: open ones, overdue first; or those that ended"""
    ended = request.args.get("ended", "") == "1"
    told = {"disputes": _cases().listed(_mine(), not ended)}
    return shown("disputes.html", told, ended=ended, states=dispute_words())


@disputes.get(_ONE)
def case(number: int):
    """-> the dispute"""
    told = {"dispute": _cases().one(number, _mine())}
    return shown("dispute.html", told, states=dispute_words(), most=TEXT_MOST)


@disputes.get("/disputes/new/<int(min=1,max=2147483647):number>")
def purchases(number: int):
    """-> {holder, purchases}: what can be disputed"""
    told = {
        "holder": current_app.extensions["desk"].orders.people.holder(number)["holder"],
        "purchases": _cases().purchases(number),
    }
    return shown("purchases.html", told, most=TEXT_MOST)


@disputes.post("/disputes")
def open_case():
    """{terminal, serial, card, amount_fen, said} (a form: purchase "T/S/CARD", amount, said) ->
    {dispute}; of a purchase that is disputed already, that one"""
    wish = fields.given()
    if "purchase" in wish:
        names = ("terminal", "serial", "card")
        wish |= dict(zip(names, str(wish["purchase"]).split("/"), strict=False))
    purchase = (
        fields.number(wish, "terminal", 1, fields.TERMINAL_MAX),
        fields.number(wish, "serial", 1, SERIAL_MAX),
    )
    card = fields.number(wish, "card", 1, fields.CARD_MAX)
    fen = fields.fen(wish, 1, fields.MONEY_MAX_FEN)
    said = fields.prose(wish, "said", TEXT_MOST)
    row = _cases().open(purchase, card, fen, said, by=g.visitor.name)
    to = url_for("disputes.case", number=row["id"])
    return done({"dispute": row}, to, _("The dispute is opened."), 201)


@disputes.post(f"{_ONE}/answer")
def answer(number: int):
    """{text}: what the merchant says -> {dispute}"""
    text = fields.prose(fields.given(), "text", TEXT_MOST)
    _cases().answer(number, text, by=g.visitor.name, merchant=_mine())
    return _done(number, _("The answer is kept."))


@disputes.post(f"{_ONE}/uphold")
def uphold(number: int):
    """{amount_fen (a form: amount), finding} -> {dispute, request}: a second person must grant"""
    wish = fields.given()
    fen = fields.fen(wish, 1, fields.MONEY_MAX_FEN)
    finding = fields.prose(wish, "finding", TEXT_MOST)
    asked = _cases().uphold(number, fen, finding, by=g.visitor.name)
    words = _("The refund is asked for: a second person must grant it.")
    return _done(number, words, {"request": asked}, 202)


@disputes.post(f"{_ONE}/refuse")
def refuse(number: int):
    """{finding} -> {dispute}"""
    finding = fields.prose(fields.given(), "finding", TEXT_MOST)
    _cases().refuse(number, finding, by=g.visitor.name)
    return _done(number, _("The dispute is refused."))


def _done(number: int, words: str, more: dict | None = None, status: int = 200):
    told = {"dispute": _cases().one(number, None)} | (more or {})
    return done(told, url_for("disputes.case", number=number), words, status)
