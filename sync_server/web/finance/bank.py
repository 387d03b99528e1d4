"""/books/bank: the bank's statement of a month against our movements of its account.

A program sends the file as the body of `POST /api/books/bank?file=NAME`.
"""

from __future__ import annotations

import time
from typing import Any

from flask import abort, current_app, flash, g, jsonify, redirect, request, url_for
from flask_babel import gettext as _

from sync_server.core import days, validity
from sync_server.core.sheets import BadSheet
from sync_server.web import export, fields
from sync_server.web.answers import done, is_program, shown
from sync_server.web.export import FEN, TEXT, Sheet
from sync_server.web.finance import finance
from sync_server.web.finance.words import account_words, fault_words, movement_words
from sync_server.web.refusals import BadField

_FILE_MOST = 80
_SHOWN = 200  # pairs on the page
_MONTH = "/books/bank/<month>"


def _books():
    return current_app.extensions["desk"].orders.books


def month_asked() -> int:
    """?month=YYYY-MM, else the month that it is."""
    told = request.args.get("month", "")
    found = days.read_month(told)
    if told and found is None:
        raise BadField("month must be YYYY-MM")
    return days.month_of(validity.today(int(time.time()))) if found is None else found


@finance.get("/books/bank")
def bank():
    """?month=YYYY-MM -> {month, finished, figures, pairs, missing, surplus, differ, sent: files};
    ?as=xlsx or pdf"""
    month = month_asked()
    told = _books().month(month) | {"sent": _books().statements()}
    word = days.month_shown(month)
    if export.wanted():
        title = _("Reconciliation with the bank %(month)s", month=word)
        return export.given(f"bank-{word}", title, _sheets(told))
    return shown(
        "bank.html",
        told,
        word=word,
        before=days.month_shown(month - 1) if month else None,
        after=days.month_shown(month + 1),
        moves=_moved,
        faults=fault_words(),
        pairs_shown=_SHOWN,
    )


@finance.post("/books/bank")
def put_statement():
    """The bytes of a file -> {id, new}; a file that came before changes nothing"""
    if is_program():
        file, data = request.args.get("file", "statement"), request.get_data()
    else:
        upload = request.files.get("file")
        file, data = (upload.filename if upload else "") or "", upload.read() if upload else b""
    if not data:
        raise BadField(_("Please choose a file."))
    name = "".join(c for c in file if c.isprintable())[:_FILE_MOST]
    try:
        number, is_new = _books().put_statement(name, data, by=g.visitor.name)
    except BadSheet as error:
        line = _(error.line) + (f"：{error.about}" if error.about else "")
        raise BadField(str(error) if is_program() else line) from None
    if is_program():
        return jsonify(id=number, new=is_new), 201 if is_new else 200
    words = _("The statement is read.") if is_new else _("This very file was sent before.")
    flash(words, "done")
    return redirect(url_for("finance.bank", month=request.form.get("month") or None), 303)


@finance.post(f"{_MONTH}/resolve")
def resolve(month: str):
    """{side: ours or bank, item, kind: explained or next (month), note} -> {side, item}"""
    wish = fields.given()
    side = fields.one_of(wish, "side", ("ours", "bank"))
    item = fields.number(wish, "item", 1, 1 << 53)
    kind = fields.one_of(wish, "kind", ("explained", "next"))
    note = fields.text(wish, "note", 200)
    _books().resolve(_read(month), side, item, kind, note, by=g.visitor.name)
    to = url_for("finance.bank", month=month)
    return done({"side": side, "item": item}, to, _("It is noted, and kept."))


@finance.post(f"{_MONTH}/finish")
def finish(month: str):
    """-> {figures}: the month is reconciled, and nothing is changed in it any more"""
    figures = _books().finish(_read(month), by=g.visitor.name)
    to = url_for("finance.bank", month=month)
    return done({"figures": figures}, to, _("The month is reconciled."))


def _read(month: str) -> int:
    found = days.read_month(month)
    if found is None:
        abort(404, "a month is YYYY-MM")
    return found


def _moved(row: dict[str, Any]) -> str:
    return movement_words(
        (row["giver_type"], row["giver_key"]), (row["taker_type"], row["taker_key"])
    )


def _other(row: dict[str, Any]) -> str:
    """The account on the other side than the bank."""
    is_in = row["giver_type"] == "bank"
    return account_words(
        (row["taker_type"], row["taker_key"]) if is_in else (row["giver_type"], row["giver_key"])
    )


def _sheets(told: dict[str, Any]) -> list[Sheet]:
    ours = [
        (_("Transfer"), TEXT), (_("Day"), TEXT), (_("Movement"), TEXT), (_("Ledger account"), TEXT),
        (_("Amount"), FEN),
    ]  # fmt: skip
    lines = [
        (_("Day"), TEXT), (_("Reference"), TEXT), (_("Bank's number"), TEXT), (_("Text"), TEXT),
        (_("Amount"), FEN),
    ]  # fmt: skip
    said = [(_("Note"), TEXT)]
    pairs = [[*_ours(one), *_line(pair["line"])] for pair in told["pairs"] for one in pair["ours"]]
    return [
        Sheet(_("Matched"), ours + lines, pairs),
        Sheet(_("Missing at the bank"), ours + said,
              [[*_ours(row), _note(row)] for row in told["missing"]]),
        Sheet(_("Surplus at the bank"), lines + said,
              [[*_line(row), _note(row)] for row in told["surplus"]]),
    ]  # fmt: skip


def _ours(row: dict[str, Any]) -> list[Any]:
    return [row["id"], validity.shown(row["day"]), _moved(row), _other(row), row["amount_fen"]]


def _line(row: dict[str, Any]) -> list[Any]:
    told = (row["reference"], row["number"], row["text"])
    return [validity.shown(row["day"]), *told, row["amount_fen"]]


def _note(row: dict[str, Any]) -> str:
    return row["said"]["note"] if row["said"] else ""
