"""/books/accounts: every account, what moved in one; /books/records/<terminal>/<serial>: the way of
one record from the tap to the ledger."""

from __future__ import annotations

from typing import Any

from flask import current_app, request
from flask_babel import gettext as _

from sync_server.core import days, validity
from sync_server.gateway.looks import TYPES
from sync_server.web import export
from sync_server.web.answers import shown
from sync_server.web.console import view
from sync_server.web.export import FEN, TEXT, Sheet
from sync_server.web.fields import TERMINAL_MAX
from sync_server.web.finance import finance
from sync_server.web.finance.bank import month_asked
from sync_server.web.finance.words import account_words, movement_words, type_words

_PAGE = 100
_RECORD = f"/books/records/<int(min=1,max={TERMINAL_MAX}):terminal>/<int(min=1):serial>"


def _books():
    return current_app.extensions["desk"].orders.books


@finance.get("/books/accounts")
def accounts():
    """?type=TYPE&q=KEY&after=N -> {groups: [{type, count, balance_fen}], accounts: of that type}"""
    kind, text = request.args.get("type", ""), request.args.get("q", "")[:60].strip()
    after = max(request.args.get("after", 0, type=int), 0)
    groups = _books().groups()
    found = _books().accounts(kind, text, after) if kind else []
    told = {"groups": groups, "accounts": found}
    if export.wanted():
        return export.given("accounts", _("Ledger accounts"), _sheets(told))
    return shown(
        "accounts.html", told, kind=kind, q=text, after=after, page=_PAGE, types=type_words(),
        words=account_words, sum_fen=sum(int(row["balance_fen"]) for row in groups),
    )  # fmt: skip


@finance.get("/books/accounts/<int(min=1):number>")
def account(number: int):
    """?month=YYYY-MM -> {account, postings, most}: what moved in it, newest first; ?as=xlsx, pdf"""
    month = month_asked()
    first, last = days.first_of(month), days.first_of(month + 1) - 1
    told = _books().postings(number, first, last)
    own = told["account"]
    name = account_words((own["type"], own["key"]))
    lines = [_posting(row, number) for row in told["postings"]]
    word = days.month_shown(month)
    if export.wanted():
        return export.given(f"account-{number}-{word}", f"{name} {word}", [_postings(word, lines)])
    return shown(
        "account.html", told, name=name, lines=lines, word=word, after=days.month_shown(month + 1),
        before=days.month_shown(month - 1) if month else None,
    )  # fmt: skip


@finance.get(_RECORD)
def record(terminal: int, serial: int):
    """-> {record, transfers}: the tap, what became of it, what it moved"""
    told = _books().way(terminal, serial)
    row = told["record"]
    type_word = TYPES.get(row["type"], "")
    return shown(
        "record.html",
        told,
        type_word=view.TYPE_WORDS.get(type_word, type_word),
        fault=view.reason_words(row["fault"]) if row["fault"] else "",
        reason=view.reason_words(row["reason"]) if row["reason"] else "",
        outcome={15: _("done"), 240: _("void"), 255: _("grey")}.get(row["outcome"], ""),
        lines=[_posting(one, 0) for one in told["transfers"]],
        accounts=account_words,
    )


def _posting(row: dict[str, Any], number: int) -> dict[str, Any]:
    """A transfer as one account sees it."""
    giver = (row["giver_type"], row["giver_key"])
    taker = (row["taker_type"], row["taker_key"])
    leaves = row["giver"] == number
    return row | {
        "words": movement_words(giver, taker),
        "other": account_words(taker if leaves else giver),
        "other_id": row["taker"] if leaves else row["giver"],
        "signed_fen": -row["amount_fen"] if leaves else row["amount_fen"],
    }


def _postings(word: str, lines: list[dict[str, Any]]) -> Sheet:
    heads = [
        (_("Transfer"), TEXT), (_("Day"), TEXT), (_("Movement"), TEXT), (_("Ledger account"), TEXT),
        (_("Record"), TEXT), (_("Amount"), FEN),
    ]  # fmt: skip
    rows = [
        [
            row["id"], validity.shown(validity.today(row["booked_utc_s"])), row["words"],
            row["other"], f"{row['terminal']}/{row['serial']}" if row["terminal"] else "",
            row["signed_fen"],
        ]
        for row in lines
    ]  # fmt: skip
    return Sheet(word, heads, rows)


def _sheets(told: dict[str, Any]) -> list[Sheet]:
    heads = [(_("Ledger account"), TEXT), (_("Balance"), FEN)]
    types = type_words()
    groups = [[types.get(row["type"], row["type"]), row["balance_fen"]] for row in told["groups"]]
    rows = [
        [account_words((row["type"], row["key"])), row["balance_fen"]] for row in told["accounts"]
    ]
    return [Sheet(_("By type"), heads, groups), Sheet(_("Ledger accounts"), heads, rows)]
