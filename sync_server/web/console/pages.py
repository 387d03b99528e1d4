"""The console's one page and its loss form.

The form answers with a redirect to the page of that card, so that a reload never reports twice and
the answer is always the truth of the moment, not of the click.
"""

from __future__ import annotations

from flask import current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from sync_server.gateway.refusals import Impossible
from sync_server.web.console import console, view
from sync_server.web.fields import CARD_MAX


def read_card(value: str | None) -> int | None:
    """A card number typed by a person, or None."""
    digits = (value or "").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 8):
        return None
    number = int(digits)
    return number if number <= CARD_MAX else None


def _why_not(card: int, error: Impossible) -> str:
    if error.status == 404:
        problem = _("this card was never issued")
    elif error.status == 409:
        problem = _("this card is not reported lost")
    else:
        problem = str(error)
    return _("Card %(card)s: %(problem)s", card=card, problem=problem)


@console.get("/")
def index():
    """Terminals, taps, totals; with ?card=N also how far the list has come for that card."""
    desk = current_app.extensions["desk"]
    snapshot = desk.feed.snapshot()
    card = read_card(request.args.get("card"))
    reach = None
    if card is not None:
        try:
            reach = view.reach(desk.orders.loss_reach(card))
        except Impossible as error:
            flash(_why_not(card, error), "problem")
            card = None
    return render_template(
        "console.html",
        totals=view.totals(snapshot.status),
        glance=view.glance(snapshot.status),
        terminals=view.terminals(snapshot.status),
        taps=view.taps(snapshot.taps),
        utc_s=snapshot.utc_s,
        card=card,
        reach=reach,
    )


@console.post("/loss")
def loss():
    """Report or withdraw, then show how far it has come."""
    card = read_card(request.form.get("card"))
    if card is None:
        flash(_("Please enter a card number (digits only)."), "problem")
        return redirect(url_for("console.index"))
    orders = current_app.extensions["desk"].orders
    act = orders.loss_withdraw if request.form.get("act") == "withdraw" else orders.loss_report
    try:
        act(card, by=g.visitor.name)
    except Impossible as error:
        flash(_why_not(card, error), "problem")
        return redirect(url_for("console.index"))
    return redirect(url_for("console.index", card=card))
