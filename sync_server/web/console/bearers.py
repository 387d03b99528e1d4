"""Who bears what a reported card paid: the verdicts of core.evidence in words.

The page says what is known and nothing more; the same is there as a signed PDF.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from flask import abort, current_app, g, render_template, send_file
from flask_babel import gettext as _

from sync_server.core.audit import Act
from sync_server.gateway.refusals import Impossible
from sync_server.web.console import console, view
from sync_server.web.fields import CARD_MAX
from sync_server.web.sheet import Part, Sheet

Clock = Callable[[int | None], str]  # UTC seconds in words


@console.get(f"/cards/<int(max={CARD_MAX}):card>/bearers")
def bearers(card: int):
    """Each payment of a reported card, its verdict, and what happened in order of time."""
    now_s = int(time.time())
    return render_template("bearers.html", **_told(card, lambda utc_s: view.clock(utc_s, now_s)))


@console.get(f"/cards/<int(max={CARD_MAX}):card>/bearers.pdf")
def bearers_paper(card: int):
    """The same as a PDF that the server has signed; its digest is in the log."""
    from sync_server.web import paper  # what draws PDF is large

    orders = current_app.extensions["desk"].orders
    told = _told(card, view.date_clock)
    signed = orders.evidence.signed(paper.pdf(_sheet(told)), f"card {card}: who bears it")
    detail = {"sha256": sha256(signed).hexdigest()}
    visitor = g.visitor
    orders.offices.note(
        Act(visitor.name, visitor.role, "console.bearers_paper", f"card {card}", detail)
    )
    name = f"card-{card}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.pdf"
    return send_file(io.BytesIO(signed), "application/pdf", as_attachment=True, download_name=name)


def _told(card: int, clock: Clock) -> dict[str, Any]:
    """What stands on the page, in the page's language. 404."""
    try:
        told = current_app.extensions["desk"].orders.evidence.of_card(card)
    except Impossible as error:
        abort(error.status)
    payments = [_payment(one, clock) for one in told["payments"]]
    return {
        "card": card,
        "losses": [_loss(one, clock) for one in told["losses"]],
        "payments": [one for one in payments if one["rule"] != "unreported"],
        "unreported": sum(one["rule"] == "unreported" for one in payments),
        "totals": _totals(told["payments"]),
        "made": view.date_clock(int(time.time())),
    }


def _sheet(told: dict[str, Any]) -> Sheet:
    """The same on paper."""
    lines = [_("As of %(when)s. Rules: regulation, articles 20 and 23.", when=told["made"])]
    for loss in told["losses"]:
        lines.append(
            _("Reported %(when)s, on list %(version)s, withdrawn %(until)s",
              when=loss["reported"], version=loss["version"], until=loss["withdrawn"])
        )  # fmt: skip
    if not told["losses"]:
        lines.append(_("This card was never reported lost."))
    if told["unreported"]:
        lines.append(
            _("%(n)s payments were made while no report was open: these are borne by the holder.",
              n=told["unreported"])
        )  # fmt: skip
    return Sheet(
        title=_("Who bears it: card %(card)s", card=told["card"]),
        lines=lines,
        figures=[(figure.word, figure.value) for figure in told["totals"]],
        parts=[
            Part(
                head=f"{one['amount']}　{one['place']}",
                mark=_("record %(record)s", record=one["record"]),
                verdict=f"{one['bearer']} · {one['word']}",
                why=one["why"],
                rows=[(line["when"], line["what"], line["more"]) for line in one["story"]],
            )
            for one in told["payments"]
        ],
        foot=_("Signed by the server of the campus card; check: campus evidence verify FILE"),
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


def _payment(one: dict[str, Any], clock: Clock) -> dict[str, Any]:
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
        "story": [_line(line, clock) for line in one["evidence"]],
    }


def _line(line: dict[str, Any], clock: Clock) -> dict[str, str]:
    """One fact: when, what, and how exactly."""
    until = clock(line.get("until_utc_s"))
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
    return {"when": clock(line["utc_s"]), "what": words[0], "more": more}


def _loss(loss: dict[str, Any], clock: Clock) -> dict[str, str]:
    return {
        "reported": clock(loss["reported_s"]),
        "version": "–" if loss["version"] is None else str(loss["version"]),
        "withdrawn": clock(loss["withdrawn_s"]),
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
