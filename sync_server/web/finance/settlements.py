"""/books/settlements: merchants are paid what they turned over, on two persons' word, once."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Response, current_app, g, url_for
from flask_babel import gettext as _

from sync_server.core import settlements as core
from sync_server.core import validity
from sync_server.web import export, fields
from sync_server.web.answers import done, is_program, shown
from sync_server.web.export import FEN, TEXT, Sheet, yuan
from sync_server.web.finance import finance
from sync_server.web.finance.leavers import _plain as plain
from sync_server.web.finance.words import open_words, state_words

_ONE = "/books/settlements/<int(min=1):number>"
_HEAD = ("序号", "商户", "收款账号", "金额", "附言")


def _books():
    return current_app.extensions["desk"].orders.books


@finance.get("/books/settlements")
def settlements():
    """-> {until: the last closed day, due: [{id, name, after_day, gross_fen, reversed_fen, fee_fen,
    net_fen, open, let, waits, is_ready}], batches}"""
    told = _books().settlements()
    return shown("settlements.html", told, open_words=open_words, states=state_words())


@finance.post("/books/settlements")
def settle_merchants():
    """{until: date} -> {batch}: of all that are ready; a second person must grant it"""
    until = fields.day(fields.given(), "until")
    number = _books().make_settlement(until, by=g.visitor.name)
    words = _("The batch is made: a second person must grant it.")
    return done({"batch": number}, url_for("finance.settlements"), words, 201)


@finance.post("/books/settlements/let/<int(min=1):number>")
def let(number: int):
    """{until, reason} -> {id}: this merchant is paid though something is open"""
    wish = fields.given()
    until, reason = fields.day(wish, "until"), fields.text(wish, "reason", 200)
    _books().let(number, until, reason, by=g.visitor.name)
    return done({"id": number}, url_for("finance.settlements"), _("It is noted, and kept."))


@finance.get(_ONE)
def settlement(number: int):
    """-> {batch, rows}; ?as=xlsx or pdf"""
    rows = _books().settlement_batch(number)
    if export.wanted():
        title = _("Settlement %(n)s", n=number)
        return export.given(f"settlement-{number}", title, [_sheet(title, rows)])
    told = {"batch": number, "rows": rows}
    return shown("settlement.html", told, open_words=open_words)


@finance.get(f"{_ONE}/file")
def settlement_file(number: int):
    """The list for the bank, CSV; each time the same bytes. Programs: {rows}"""
    rows = _books().settlement_rows(number)
    if is_program():
        return {"rows": rows}
    answer = Response(payment_list(number, rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="settlement-{number}.csv"'
    return answer


def payment_list(number: int, rows: list[dict[str, Any]]) -> bytes:
    """CSV in UTF-8 with a mark. Nothing in it is a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_HEAD)
    for row in rows:
        told = core.reference(number, row["place"])
        writer.writerow((row["place"], plain(row["name"]), row["bank"], yuan(row["net_fen"]), told))
    return out.getvalue().encode("utf-8-sig")


def _sheet(title: str, rows: list[dict[str, Any]]) -> Sheet:
    heads = [
        (_("Merchant"), TEXT), (_("From"), TEXT), (_("To"), TEXT), (_("Turnover"), FEN),
        (_("Reversed"), FEN), (_("Fee"), FEN), (_("Paid to it"), FEN), (_("Bank account"), TEXT),
        (_("Let through because"), TEXT),
    ]  # fmt: skip
    made = [
        [
            row["name"], validity.shown(row["after_day"] + 1), validity.shown(row["until_day"]),
            row["gross_fen"], row["reversed_fen"], row["fee_fen"], row["net_fen"], row["bank"],
            row["reason"],
        ]
        for row in rows
    ]  # fmt: skip
    total = [sum(row[at] for row in made) for at in range(3, 7)]
    return Sheet(title, heads, [*made, [_("Sum"), "", "", *total, "", ""]])
