"""/terminals: which need somebody, first; /terminals/<n>: all that is known of one.

A merchant sees their own, student affairs the water valves (Art. 3); others are not there for them.
"""

from __future__ import annotations

import time
from typing import Any

from flask import current_app, g, request, url_for
from flask_babel import gettext as _

from sync_server.core import rights
from sync_server.web import fields
from sync_server.web.answers import done, is_part, shown
from sync_server.web.console import view
from sync_server.web.fields import TERMINAL_MAX
from sync_server.web.logistics import logistics
from sync_server.web.logistics.words import alarm_line

_ONE = f"/terminals/<int(min=1,max={TERMINAL_MAX}):number>"


def _care():
    return current_app.extensions["desk"].orders.care


def sees(row: dict[str, Any]) -> bool:
    """May the visitor see this terminal?"""
    visitor = g.visitor
    if visitor.role == rights.MERCHANT:
        return row["merchant"] == visitor.merchant
    return visitor.role != rights.STUDENTS or row["kind"] == "water"


@logistics.get("/terminals")
def terminals():
    """?q=TEXT&only=alarms -> {version, terminals}: those that raise alarms first"""
    text, only = request.args.get("q", "")[:40].strip(), request.args.get("only", "")
    told = _care().terminals(sees)
    every = told["terminals"]
    raising = sum(bool(row["alarms"]) for row in every)
    online = sum(row["connected"] for row in every)
    found = [row for row in every if _is_meant(row, text) and (not only or row["alarms"])]
    found.sort(key=lambda row: (not row["alarms"], row["place"], row["number"]))
    told["terminals"] = found
    page = "_care.html" if is_part() else "terminals.html"
    now_s = int(time.time())
    return shown(
        page,
        told,
        q=text,
        only=only,
        every=len(every),
        raising=raising,
        online=online,
        kinds=view.KIND_WORDS,
        ages={row["number"]: _age(row, now_s) for row in found},
        lines={row["number"]: [alarm_line(*one) for one in row["alarms"]] for row in found},
    )


@logistics.get(_ONE)
def terminal(number: int):
    """-> {version, terminal, taps, events, care, leaves}"""
    told = _care().terminal(number, sees)
    now_s = int(time.time())
    row = told["terminal"]
    return shown(
        "terminal.html",
        told,
        kinds=view.KIND_WORDS,
        age=_age(row, now_s),
        lines=[alarm_line(*one) for one in row["alarms"]],
        tap_lines=view.taps(told["taps"]),
        event_lines=[
            (view.clock(one["utc_s"], now_s), view.reason_words(one["reason"]))
            for one in told["events"]
        ],
    )


@logistics.post(f"{_ONE}/responsible")
def answer_for(number: int):
    """{who}: "" for nobody -> {number, who}"""
    _care().terminal(number, sees)
    wish = fields.given()
    who = fields.text(wish, "who", 40) if wish.get("who") else ""
    _care().set_responsible(number, who)
    to = url_for("logistics.terminal", number=number)
    return done({"number": number, "who": who}, to, _("It is noted who answers for it."))


@logistics.post(f"{_ONE}/care")
def note(number: int):
    """{kind: "damage" or "inspection", note} -> {id}"""
    _care().terminal(number, sees)
    wish = fields.given()
    kind = fields.one_of(wish, "kind", ("damage", "inspection"))
    made = _care().note(number, kind, fields.text(wish, "note", 200), by=g.visitor.name)
    to = url_for("logistics.terminal", number=number)
    return done({"id": made}, to, _("It is noted."), 201)


@logistics.post(f"{_ONE}/care/<int(min=1):care>/end")
def end_damage(number: int, care: int):
    """-> {id}: the damage was seen to"""
    _care().terminal(number, sees)
    _care().end(number, care, by=g.visitor.name)
    return done({"id": care}, url_for("logistics.terminal", number=number), _("It is noted."))


def _is_meant(row: dict[str, Any], text: str) -> bool:
    words = (row["place"], row["merchant"] or "", row["responsible"], str(row["number"]))
    return not text or any(text.lower() in word.lower() for word in words)


def _age(row: dict[str, Any], now_s: int) -> str:
    seen_s = row["contact_utc_s"]
    return _("never") if seen_s is None else view.age(now_s - seen_s)
