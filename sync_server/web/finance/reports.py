"""/books/report: a month on both lines, income and expenditure apart, and its trial balance."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_babel import gettext as _

from sync_server.core import books, days
from sync_server.web import export
from sync_server.web.answers import shown
from sync_server.web.export import COUNT, FEN, TEXT, Sheet
from sync_server.web.finance import finance
from sync_server.web.finance.bank import month_asked
from sync_server.web.finance.words import account_words, line_words


@finance.get("/books/report")
def report():
    """?month=YYYY-MM -> {month, closed_to, is_closed, sides: [{name, side, count, amount_fen}],
    balances: [{account, before_fen, in_fen, out_fen, after_fen}]}; ?as=xlsx or pdf"""
    month = month_asked()
    told = current_app.extensions["desk"].orders.books.report(month)
    word = days.month_shown(month)
    if export.wanted():
        title = _("Report of %(month)s", month=word)
        return export.given(f"report-{word}", title, _sheets(told))
    return shown(
        "report.html",
        told,
        word=word,
        before=days.month_shown(month - 1) if month else None,
        after=days.month_shown(month + 1),
        lines=line_words(),
        accounts=account_words,
        income=_side(told, books.INCOME),
        outlay=_side(told, books.OUTLAY),
    )


def _side(told: dict[str, Any], side: str) -> list[dict[str, Any]]:
    return [row for row in told["sides"] if row["side"] == side and row["transfers"]]


def _sheets(told: dict[str, Any]) -> list[Sheet]:
    words = line_words()
    heads = [(_("Item"), TEXT), (_("Count"), COUNT), (_("Amount"), FEN)]
    sides = []
    for title, side in ((_("Income"), books.INCOME), (_("Expenditure"), books.OUTLAY)):
        found = _side(told, side)
        rows = [[words[row["name"]], row["transfers"], row["amount_fen"]] for row in found]
        total = [_("Sum"), sum(row[1] for row in rows), sum(row[2] for row in rows)]
        sides.append(Sheet(title, heads, [*rows, total]))
    balances = [
        [account_words(row["account"]), *(row[f"{at}_fen"] for at in _AT)]
        for row in told["balances"]
    ]
    total = [_("Sum"), *(sum(row[at] for row in balances) for at in range(1, 5))]
    return [
        *sides,
        Sheet(
            _("Trial balance"),
            [(_("Ledger account"), TEXT), (_("Before"), FEN), (_("In"), FEN), (_("Out"), FEN),
             (_("After"), FEN)],
            [*balances, total],
        ),
    ]  # fmt: skip


_AT = ("before", "in", "out", "after")
