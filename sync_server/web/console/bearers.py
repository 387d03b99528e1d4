"""Who bears what a reported card paid: the verdicts of core.evidence in words.

The page says what is known and nothing more; it can be printed as it stands.
"""

from __future__ import annotations

import time
from typing import Any

from flask import abort, current_app, render_template
from flask_babel import gettext as _

from sync_server.gateway.refusals import Impossible
from sync_server.web.console import console, view
from sync_server.web.fields import CARD_MAX


@console.get(f"/cards/<int(max={CARD_MAX}):card>/bearers")
def bearers(card: int):
    """Each payment of a reported card, its verdict, and what happened in order of time."""
    try:
        told = current_app.extensions["desk"].orders.evidence.of_card(card)
    except Impossible as error:
        abort(error.status)
    now_s = int(time.time())
    payments = [_payment(one, now_s) for one in told["payments"]]
    return render_template(
        "bearers.html",
        card=card,
        losses=[_loss(one, now_s) for one in told["losses"]],
        payments=[one for one in payments if one["rule"] != "unreported"],
        unreported=sum(one["rule"] == "unreported" for one in payments),
        totals=_totals(told["payments"]),
        made=view.clock(now_s, 0),
    )


def _words() -> dict[str, tuple[str, str]]:
    """rule -> (what it says, as a sentence), in the page's language."""
    return {
        "when": (_("time not certain"), _("It cannot be told whether the report was open.")),
        "known": (_("terminal failed"), _("Its list had the card, and it was taken.")),
        "waiting": (_("report waited"), _("The report waited for a second person.")),
        "online": (_("online"), _("The terminal was connected; the list was on its way.")),
        "blip": (_("line failed"), _("Its list had been checked within 10 minutes.")),
        "away": (_("server away"), _("The server was not there.")),
        "leave": (_("with leave"), _("The terminal was offline with leave.")),
        "partly": (_("partly covered"), _("Leave, outage or list cover a part of the time.")),
        "older": (_("older list"), _("It had confirmed the card, and used an older list.")),
        "offline": (_("without leave"), _("The terminal was offline without leave.")),
        "unreported": (_("not reported"), _("No report was open.")),
    }


def _bearers() -> dict[str, tuple[str, str]]:
    """bearer -> (word, CSS class)"""
    return {
        "holder": (_("Holder"), ""),
        "department": (_("Department"), "bad"),
        "centre": (_("Centre"), "good"),
        "open": (_("To be decided"), "warn"),
    }


def _payment(one: dict[str, Any], now_s: int) -> dict[str, Any]:
    word, tone = _bearers()[one["bearer"]]
    rule, why = _words()[one["rule"]]
    paid = next(line for line in one["evidence"] if line["what"] == "paid")
    department = paid["department"] or paid["place"]
    return {
        "rule": one["rule"],
        "record": f"{one['terminal']}/{one['serial']}",
        "place": paid["place"],
        "amount": view.money(one["amount_fen"]),
        "bearer": f"{word}: {department}" if one["bearer"] == "department" else word,
        "tone": tone,
        "word": rule,
        "why": why,
        "story": [_line(line, now_s) for line in one["evidence"]],
    }


def _line(line: dict[str, Any], now_s: int) -> dict[str, str]:
    """One fact: when, what, and how exactly."""
    until = view.clock(line.get("until_utc_s"), now_s)
    what = line["what"]
    words = {
        "paid": (
            _("paid, at the latest %(until)s", until=until),
            _("online") if line.get("online") else _("offline"),
        ),
        "received": (_("record received"), ""),
        "reported": (_("reported lost"), ""),
        "listed": (_("on the list"), _("version %(n)s", n=line.get("version"))),
        "withdrawn": (_("report withdrawn"), ""),
        "list sent": (_("list sent to this terminal"), ""),
        "list confirmed": (_("list confirmed by this terminal"), ""),
        "leave": (_("leave to be offline, until %(until)s", until=until), ""),
        "server away": (_("server away, until %(until)s", until=until), ""),
    }[what]
    more = words[1]
    if what == "paid":
        told = _("list %(n)s, %(age)s min old", n=line["list_version"], age=line["list_age_min"])
        more = f"{more}, {told}"
    return {"when": view.clock(line["utc_s"], now_s), "what": words[0], "more": more}


def _loss(loss: dict[str, Any], now_s: int) -> dict[str, str]:
    return {
        "reported": view.clock(loss["reported_s"], now_s),
        "version": "–" if loss["version"] is None else str(loss["version"]),
        "withdrawn": view.clock(loss["withdrawn_s"], now_s),
    }


def _totals(payments: list[dict[str, Any]]) -> list[view.Figure]:
    """What each side bears; who bears nothing is left out."""
    made = []
    for bearer, (word, tone) in _bearers().items():
        chosen = [
            one["amount_fen"]
            for one in payments
            if one["bearer"] == bearer and one["rule"] != "unreported"
        ]
        if chosen:
            made.append(view.Figure(word, view.money(sum(chosen)), tone))
    return made
