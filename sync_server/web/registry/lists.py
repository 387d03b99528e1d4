"""/lists: send a list, see row by row what it would do and what is wrong, then apply it once.

A program sends the file as the body of `POST /api/lists?kind=KIND&file=NAME`.
"""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, flash, g, jsonify, redirect, request, url_for
from flask_babel import gettext as _

from sync_server.core import rights, rosters, validity
from sync_server.core.sheets import CELL_MOST, BadSheet
from sync_server.web.answers import done, is_program, shown
from sync_server.web.console import view
from sync_server.web.refusals import BadField
from sync_server.web.registry import registry
from sync_server.web.registry.words import change_words, fault_words, field_words, list_words

_ONE = "/lists/<int(min=1):number>"
ROWS_SHOWN = 200
_FILE_MOST = 80


def _people():
    return current_app.extensions["desk"].orders.people


@registry.get("/lists")
def lists():
    """-> {lists: [{id, kind, file, put_by, put_utc_s, applied_by, applied_utc_s, outcome}]}"""
    told = {"lists": [row for row in _people().rosters() if _sees(row["kind"])]}
    mine = [kind for kind in rosters.KINDS if g.visitor.may(rosters.right_of(kind))]
    heads = {field: heads[0] for field, heads in rosters.HEADS.items()}
    return shown(
        "lists.html",
        told,
        mine=mine,
        words=list_words(),
        changes=change_words(),
        heads=heads,
        fees=any(map(rosters.office_of, mine)),
    )


@registry.post("/lists")
def put():
    """?kind=KIND&file=NAME&item=TEXT&due=DAY&amount=YUAN (of fees, for all rows): the bytes of a
    file -> {id, new}; a file that came before is the list that it was then"""
    kind, file, data = _sent()
    _mine(kind)
    for_all = _for_all() if rosters.office_of(kind) else {}
    try:
        number, is_new = _people().put(kind, file, data, g.visitor.name, for_all)
    except BadSheet as error:
        line = _(error.line) + (f"：{error.about}" if error.about else "")
        raise BadField(str(error) if is_program() else line) from None
    if is_program():
        return jsonify(id=number, new=is_new), 201 if is_new else 200
    if not is_new:
        flash(_("This very file was sent before: here is what became of it."), "done")
    return redirect(url_for("registry.one", number=number), 303)


@registry.get(_ONE)
def one(number: int):
    """?only=CHANGE -> {list, counts, lines}: nothing of it is done yet, or what is left"""
    told = _people().roster(number)
    if not _sees(told["list"]["kind"]):
        abort(404, "there is no such list")
    only = request.args.get("only", "")
    lines = [line for line in told["lines"] if not only or line["change"] == only]
    lines.sort(key=lambda line: line["change"] != rosters.WRONG)
    return shown(
        "list.html",
        told,
        kinds=list_words(),
        changes=change_words(),
        only=only,
        rows=[_row(line) for line in lines[:ROWS_SHOWN]],
        hidden=max(len(lines) - ROWS_SHOWN, 0),
        is_fees=rosters.office_of(told["list"]["kind"]) is not None,
        may_apply=g.visitor.may(rosters.right_of(told["list"]["kind"])),
    )


@registry.post(f"{_ONE}/apply")
def apply(number: int):
    """-> {outcome: how many of which change} or {waits: request for a second person}"""
    _mine(_people().roster(number)["list"]["kind"])
    outcome = _people().apply(number, by=g.visitor.name)
    to = url_for("registry.one", number=number)
    if rosters.PAY in outcome or rosters.ASK in outcome:
        words = _("The list is applied: a second person must grant the money.")
        return done({"outcome": outcome}, to, words, 202)
    if "waits" in outcome:
        words = _("So many cards at once: a second person must grant it.")
        return done(outcome, to, words, 202)
    return done({"outcome": outcome}, to, _("The list is applied."))


def _sent() -> tuple[str, str, bytes]:
    if is_program():
        kind, file = request.args.get("kind", ""), request.args.get("file", "list")
        data = request.get_data()
    else:
        upload = request.files.get("file")
        kind, file = request.form.get("kind", ""), (upload.filename if upload else "") or ""
        data = upload.read() if upload else b""
    if kind not in rosters.KINDS:
        raise BadField(_("Please choose which list it is."))
    if not data:
        raise BadField(_("Please choose a file."))
    return kind, "".join(c for c in file if c.isprintable())[:_FILE_MOST], data


def _for_all() -> dict[str, str]:
    """What is the same for all rows of a list of fees, as far as it is said."""
    said = request.args if is_program() else request.form
    cells = {name: " ".join(said.get(name, "").split()) for name in rosters.FOR_ALL}
    return {name: cell[:CELL_MOST] for name, cell in cells.items() if cell}


def _sees(kind: str) -> bool:
    """Who has cards is not student affairs' (Art. 3): they see the lists that they send."""
    return g.visitor.role != rights.STUDENTS or g.visitor.may(rosters.right_of(kind))


def _mine(kind: str) -> None:
    if not g.visitor.may(rosters.right_of(kind)):
        abort(403, "your office does not do this")


def _row(line: dict[str, Any]) -> dict[str, Any]:
    fields, faults = field_words(), fault_words()
    return {
        "row": line["row"],
        "number": line["number"],
        "name": line["name"],
        "change": line["change"],
        "holder": line["was"]["id"] if line["was"] else None,
        "what": _what(line),
        "faults": [
            (fields.get(field, field), faults[code] % {"value": value})
            for code, field, value in line["faults"]
        ],
    }


def _what(line: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(field, was, will) of what a row changes."""
    will, was = line["will"], line["was"]
    fields = field_words()
    if line["change"] == rosters.PAY:
        return [("", "", will["month"]), ("", "", view.money(will["amount_fen"]))]
    if line["change"] == rosters.ASK:
        until = _("by %(day)s", day=validity.shown(will["due"]))
        return [("", "", will["item"]), ("", "", view.money(will["amount_fen"])), ("", "", until)]
    if line["change"] == rosters.END:
        donated = view.money(will["donate_fen"])
        choice = {
            "refund": _("refund to bank account %(bank)s", bank=will["bank"] or _("(none given)")),
            "donate": _("donate all"),
            "part": _("donate %(yuan)s, refund the rest", yuan=donated),
        }[will["choice"]]
        return [("", "", will["why"]), ("", "", choice)]
    told = []
    for field in ("name", "department", "valid_until"):
        new, old = will.get(field), was and was[field]
        if new != old and new not in ("", None):
            as_text = validity.shown if field == "valid_until" else str
            word = fields.get(field, field)
            told.append((word, as_text(old) if old is not None else "", as_text(new)))
    if will.get("approver"):
        told.append((fields["approver"], "", str(will["approver"])))
    return told
