"""/today: what waits for this office, its numbers, what it last did, and what it asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import current_app, g, render_template, url_for
from flask_babel import format_date
from flask_babel import gettext as _

from sync_server.core import validity
from sync_server.web.answers import done
from sync_server.web.centre.approvals import deed_words
from sync_server.web.console import view
from sync_server.web.logistics.words import alarm_line
from sync_server.web.registry.words import change_words, list_words
from sync_server.web.today import figures, tasks, today
from sync_server.web.today.look import Look

_SHOWN = 6  # rows of each part


@today.get("/today")
def page():
    """-> a page; what is in it has its own route and JSON"""
    look = Look(current_app.extensions["desk"].orders, g.visitor)
    return render_template(
        "today.html",
        day=format_date(validity.DAY_0 + timedelta(days=look.today), "full"),
        tasks=tasks.waiting(look),
        numbers=figures.numbers(look),
        **_parts(look),
    )


@today.post("/today/requests/<int(min=1):number>")
def take_back(number: int):
    """-> {request}; only whoever asked may, as long as nobody has decided"""
    current_app.extensions["desk"].orders.offices.take_back(number, by=g.visitor.name)
    return done({"request": number}, url_for("today.page"), _("Taken back."))


def _parts(look: Look) -> dict[str, Any]:
    """Tables below, each a few rows of a page that this office has."""
    may = look.visitor.may
    raising = [row for row in look.terminals if row["alarms"]] if may("terminals") else []
    shown = raising or (look.terminals if look.merchant is not None else [])
    return {
        "terminals": shown[:_SHOWN],
        "lines": {row["number"]: [alarm_line(*one) for one in row["alarms"]] for row in raising},
        "kinds": view.KIND_WORDS,
        "requests": look.others_requests[:_SHOWN] if may("approve") else [],
        "asked": look.own_requests,
        "deeds": deed_words(),
        "lists": look.lists[:_SHOWN] if may("lists") else [],
        "list_words": list_words(),
        "changes": change_words(),
        "fees": look.fees[:_SHOWN] if may("fees") and look.office else [],
        "receipts": look.drawers["cash"][:_SHOWN] if may("cash") else [],
        "days": look.days["days"][:_SHOWN] if may("close") else [],
    }
