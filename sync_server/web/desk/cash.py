"""/cash: money over the desk for those who have no phone (R13), and what is in the drawer.

A clerk sees their own drawer, finance and the centre everybody's. The form has its receipt's number
in it, so that a second click is the same receipt.
"""

from __future__ import annotations

from flask import current_app, g, request, url_for
from flask_babel import gettext as _

from sync_server.core import rights, topups, validity
from sync_server.web import fields
from sync_server.web.answers import done, shown
from sync_server.web.desk import desk
from sync_server.web.refusals import BadField


def _tills():
    return current_app.extensions["desk"].orders.tills


@desk.get("/cash")
def cash():
    """?day=YYYY-MM-DD -> {day, cash, drawers}: of one clerk, or of all"""
    text = request.args.get("day", "")
    day = validity.day(text) if text else None
    if text and day is None:
        raise BadField("day must be a date YYYY-MM-DD")
    own = g.visitor.name if g.visitor.role == rights.CLERK else ""
    told = _tills().day(day, own)
    return shown("cash.html", told, receipt=_tills().new_receipt(), card=request.args.get("card"))


@desk.post("/cash")
def take_cash():
    """{receipt, card, amount_fen (a form: amount in yuan)} -> the row; the same receipt again is
    the same row"""
    wish = fields.given()
    receipt = fields.text(wish, "receipt", 30)
    card = fields.number(wish, "card", 1, fields.CARD_MAX)
    fen = fields.fen(wish, topups.LEAST_FEN, topups.MOST_FEN)
    row = _tills().take(receipt, card, fen, clerk=g.visitor.name)
    words = _("Receipt %(receipt)s: %(name)s, card %(card)s.", receipt=receipt,
              name=row["holder_name"], card=row["card"])  # fmt: skip
    return done(row, url_for("desk.cash"), words, 201)


@desk.post("/cash/<int(min=1,max=2147483647):number>/reversal")
def reverse_cash(number: int):
    """-> {request}: a second person must grant it"""
    asked = _tills().ask_reversal(number, by=g.visitor.name)
    words = _("The reversal is asked for: a second person must grant it.")
    return done({"request": asked}, url_for("desk.cash"), words, 202)
