"""/books/days: days are closed with all that is open in them; /books/days/<date>: one of them."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, g, url_for
from flask_babel import gettext as _

from sync_server.core import validity
from sync_server.web import export, fields
from sync_server.web.answers import done, shown
from sync_server.web.export import COUNT, FEN, TEXT, Sheet
from sync_server.web.finance import finance
from sync_server.web.finance.words import account_words, movement_words


def _books():
    return current_app.extensions["desk"].orders.books


@finance.get("/books")
def days():
    """-> {next, today, days: closed ones, newest first, open: greys, missing, silent now, live,
    faults: [[day, why]] of the newest 40}"""
    told = _books().days() | {"faults": _books().check()}
    return shown("days.html", told)


@finance.post("/books/days")
def close_days():
    """{until: date} -> {closed: [days since 2000-01-01]}: every open day up to it, in order"""
    until = fields.day(fields.given(), "until")
    closed = _books().close(until, by=g.visitor.name)
    words = _("%(n)s days are closed.", n=len(closed))
    return done({"closed": closed}, url_for("finance.days"), words)


@finance.get("/books/days/<date>")
def day(date: str):
    """-> {day, closed: null or {closed_by, closed_utc_s, link}, lines, late, open, faults};
    ?as=xlsx or pdf"""
    number = validity.day(date)
    if number is None:
        abort(404, "a day is YYYY-MM-DD")
    told = _books().day(number)
    places = _places()
    terminals = _by(told["lines"], lambda line: line["terminal"])
    merchants = _by([x for x in told["lines"] if x["merchant"]], lambda line: line["merchant"])
    if export.wanted():
        return export.given(
            f"day-{date}", _("Daily close %(day)s", day=date), _sheets(told, places)
        )
    return shown(
        "day.html",
        told,
        shown_day=validity.shown(number),
        stands=places,
        terminals=terminals,
        merchants=merchants,
        moves=movement_words,
        accounts=account_words,
        kinds=_by(told["lines"], lambda line: movement_words(line["giver"], line["taker"])),
        late_in=[line for line in told["lines"] if line["of_day"] != number],
    )


def _places() -> dict[int, str]:
    return _books().places() | {0: _("Desk")}


def _by(lines: list[dict[str, Any]], key) -> dict[Any, tuple[int, int, int]]:
    """key -> (count, in, out): of a merchant's account in and out, of others all is in."""
    sums: dict[Any, tuple[int, int, int]] = {}
    for line in lines:
        count, came, went = sums.get(key(line), (0, 0, 0))
        leaves = line["giver"][0] == "merchant"
        fen = line["amount_fen"]
        sums[key(line)] = (
            count + line["transfers"],
            came + fen * (not leaves),
            went + fen * leaves,
        )
    return dict(sorted(sums.items(), key=lambda item: str(item[0])))


def _sheets(told: dict[str, Any], places: dict[int, str]) -> list[Sheet]:
    heads = [
        (_("Terminal"), TEXT), (_("Place"), TEXT), (_("Movement"), TEXT), (_("From"), TEXT),
        (_("To"), TEXT), (_("Of the day"), TEXT), (_("Count"), COUNT), (_("Amount"), FEN),
    ]  # fmt: skip
    rows = [_row(line, places) for line in told["lines"]]
    late = [[validity.shown(line["came"]), *_row(line, places)] for line in told["late"]]
    opened = told["open"]
    open_rows = [
        *((_("Grey"), x["terminal"], x["place"], x["serial"]) for x in opened["greys"]),
        *((_("Missing"), x["terminal"], x["place"], f"{x['first']}-{x['last']}")
          for x in opened["missing"]),
        *((_("Silent"), x["terminal"], x["place"], x["queue"]) for x in opened["silent"]),
    ]  # fmt: skip
    return [
        Sheet(_("Movements"), heads, rows),
        Sheet(_("Came later"), [(_("Came on"), TEXT), *heads], late),
        Sheet(
            _("Not settled when it was closed"),
            [(_("What"), TEXT), (_("Terminal"), TEXT), (_("Place"), TEXT), (_("Records"), TEXT)],
            open_rows,
        ),
    ]


def _row(line: dict[str, Any], places: dict[int, str]) -> list[Any]:
    giver, taker = line["giver"], line["taker"]
    return [
        line["terminal"] or "", places.get(line["terminal"], ""), movement_words(giver, taker),
        account_words(giver), account_words(taker), validity.shown(line["of_day"]),
        line["transfers"], line["amount_fen"],
    ]  # fmt: skip
