"""Emergencies in the console: declare, drill, end; and what was done, terminal by terminal.

The form asks for the code of the envelope: the session of the console is not enough (R19).
"""

from __future__ import annotations

import time
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from flask import abort, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from protocol import emergency
from sync_server.gateway.emergencies import KINDS, WHATS
from sync_server.gateway.refusals import Impossible
from sync_server.web.console import console, view
from sync_server.web.refusals import BadField

_NUMBER_MAX = (1 << 31) - 1
_MINUTES_MAX = emergency.MAX_S // 60


def _emergencies():
    return current_app.extensions["desk"].orders.emergencies


@console.get("/emergency")
def emergencies():
    """What goes on, the two forms, and all that ever was."""
    now_s = int(time.time())
    going = _emergencies().now()
    return render_template(
        "emergencies.html",
        going=_head(going, now_s) if going else None,
        lies_open=_emergencies().lies_open,
        kinds=[(kind, view.KIND_WORDS[kind]) for kind in KINDS],
        past=[_head(one, now_s) for one in _emergencies().all()],
    )


@console.post("/emergency")
def order():
    """Declare or end, then show how far it has come; a wrong code or field changes nothing."""
    form = request.form
    try:
        if form.get("act") == "end":
            made = _emergencies().end(
                form.get("code", ""), _text(form, "reason"), by=g.visitor.name
            )
        else:
            made = _emergencies().declare(*_wish(form), by=g.visitor.name)
    except (Impossible, BadField) as error:
        flash(_why_not(error), "problem")
        return redirect(url_for("console.emergencies"))
    return redirect(url_for("console.emergency_report", number=made["number"]))


@console.get(f"/emergency/<int(min=1,max={_NUMBER_MAX}):number>")
def emergency_report(number: int):
    """The report of one; it can be printed as it stands."""
    try:
        told = _emergencies().report(number)
    except Impossible as error:
        abort(error.status)
    now_s = int(time.time())
    return render_template(
        "emergency.html",
        head=_head(told, now_s),
        figures=_figures(told, told["over_utc_s"] > now_s),
        lines=[_line(one, told["over_utc_s"] > now_s) for one in told["terminals"]],
        made=view.clock(now_s, 0),
    )


def _wish(form) -> tuple[str, str, list[str], int, int, int, str]:
    """code, what, kinds, minutes, tap_fen, card_fen, reason of the form. BadField."""
    what, kinds = form.get("what", ""), [kind for kind in form.getlist("kinds") if kind in KINDS]
    if what not in WHATS or not kinds:
        raise BadField(_("Please choose what it is and for which terminals."))
    minutes = form.get("minutes", "")
    if not (minutes.isascii() and minutes.isdigit() and 1 <= int(minutes[:6]) <= _MINUTES_MAX):
        raise BadField(_("It lasts 1 to %(n)s minutes.", n=_MINUTES_MAX))
    tap_fen, card_fen = _fen(form, "tap"), _fen(form, "card")
    return form.get("code", ""), what, kinds, int(minutes), tap_fen, card_fen, _text(form, "reason")


def _fen(form, name: str) -> int:
    """Yuan as people write them."""
    try:
        fen = Decimal(form.get(name, "").strip()) * 100
        if fen == int(fen) and 0 <= fen <= emergency.MAX_FEN:
            return int(fen)
    except (InvalidOperation, ValueError, OverflowError):
        pass
    raise BadField(_("An amount is 0 to %(most)s yuan.", most=view.money(emergency.MAX_FEN)))


def _text(form, name: str) -> str:
    text = form.get(name, "").strip()
    if not text or not text.isprintable() or len(text) > 200:
        raise BadField(_("Please say why, in at most 200 characters."))
    return text


def _why_not(error: Exception) -> str:
    if isinstance(error, Impossible) and error.status == 403:
        return _("That is not the code of the envelope. Nothing was changed.")
    if isinstance(error, Impossible) and error.status == 409:
        return _("Another emergency goes on, or none. Nothing was changed.")
    return str(error)


class Head(NamedTuple):
    """One emergency as shown; `tone` is a CSS class."""

    number: int
    word: str
    tone: str
    when: str
    until: str
    is_on: bool
    ended_by: str
    bounds: str
    kinds: str
    reason: str
    by: str


def _head(one: dict[str, Any], now_s: int) -> Head:
    is_drill = one["what"] == "drill"
    bounds = _(
        "%(tap)s yuan a tap, %(card)s a card",
        tap=view.money(one["tap_fen"]), card=view.money(one["card_fen"]),
    )  # fmt: skip
    is_on = one["over_utc_s"] > now_s
    return Head(
        number=one["number"],
        word=_("Drill") if is_drill else _("Emergency"),
        tone=("warn" if is_drill else "bad") if is_on else "",
        when=view.clock(one["begin_utc_s"], 0),
        until=view.clock(one["over_utc_s"], 0),
        is_on=is_on,
        ended_by=one["ended_by"],
        bounds=bounds,
        kinds=", ".join(str(view.KIND_WORDS[kind]) for kind in one["kinds"]),
        reason=one["reason"],
        by=one["ordered_by"],
    )


def _figures(told: dict[str, Any], is_on: bool) -> list[view.Figure]:
    sums = told["sums"]
    differs = sums["difference_fen"]
    reached = f"{sums['reached']}/{sums['terminals']}"
    made = [
        view.Figure(_("Reached"), reached, "" if sums["reached"] == sums["terminals"] else "warn"),
        view.Figure(_("In force at"), view.count(sums["waiting"]))
        if is_on
        else view.Figure(
            _("End not heard of yet"),
            view.count(sums["waiting"]),
            "warn" if sums["waiting"] else "",
        ),
        view.Figure(_("Passed"), view.count(sums["passes"])),
        view.Figure(_("of these without a right"), view.count(sums["would_refuse"])),
        view.Figure(_("Refused"), view.count(sums["refused"])),
    ]  # fmt: skip
    if told["what"] == "drill":
        return [
            *made,
            view.Figure(_("Would have paid"), view.count(sums["drilled"])),
            view.Figure(_("Would have been taken"), view.money(sums["drilled_fen"])),
            view.Figure(
                _("Taken"), view.money(sums["paid_fen"]), "bad" if sums["paid_fen"] else "good"
            ),
        ]
    return [
        *made,
        view.Figure(_("Paid"), view.count(sums["payments"])),
        view.Figure(_("Taken"), view.money(sums["paid_fen"])),
        view.Figure(_("Not known yet"), view.money(sums["uncertain_fen"]),
                    "warn" if sums["uncertain"] else ""),
        view.Figure(_("In the ledger"), view.money(sums["booked_fen"])),
        view.Figure(_("Difference"), view.money(differs), "bad" if differs else "good"),
    ]  # fmt: skip


class Line(NamedTuple):
    """What one terminal did."""

    place: str
    kind: str
    state: str
    tone: str
    passes: str
    payments: str
    taken: str
    booked: str
    differs: bool


def _line(one: dict[str, Any], is_on: bool) -> Line:
    if one["ended"]:
        state, tone = _("complete"), "good"
    elif one["began"] and is_on:
        state, tone = _("in force"), "good"
    elif one["began"]:
        state, tone = _("end not heard of yet"), "warn"
    elif one["answer"] == "obeys":
        state, tone = _("answered"), "warn"
    elif one["answer"]:
        state, tone = _("refused the order"), "bad"
    else:
        state, tone = _("not reached"), "bad"
    fen = one["paid_fen"] or one["drilled_fen"]
    return Line(
        place=one["place"],
        kind=str(view.KIND_WORDS.get(one["kind"], one["kind"])),
        state=state,
        tone=tone,
        passes=view.count(one["passes"]) if one["kind"] == "gate" else "",
        payments=view.count(one["payments"] or one["drilled"]) if one["kind"] == "pos" else "",
        taken=view.money(fen) if one["kind"] == "pos" else "",
        booked=view.money(one["booked_fen"]) if one["kind"] == "pos" else "",
        differs=one["difference_fen"] != 0,
    )
