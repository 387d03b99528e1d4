"""/payments: what came through payment channels; what is kept goes back with a second person."""

from __future__ import annotations

from flask import current_app, g, request, url_for
from flask_babel import gettext as _

from sync_server.web.answers import done, shown
from sync_server.web.finance import finance
from sync_server.web.payment_words import state_words, why_words

_NEWEST = 2**31 - 1


def _payments():
    return current_app.extensions["desk"].orders.payments


@finance.get("/payments")
def payments():
    """?kept=1&before=ID -> {totals, payments, notes, channels}: 50, newest first"""
    kept = request.args.get("kept", "") == "1"
    before = request.args.get("before", _NEWEST, type=int)
    told = _payments().listed(kept, min(max(before, 0), _NEWEST))
    return shown("payments.html", told, kept=kept, states=state_words(), whys=why_words())


@finance.post("/payments/<int(min=1,max=2147483647):number>/return")
def give_back(number: int):
    """-> {request}: a second person must grant it, then the channel is asked"""
    asked = _payments().ask_return(number, by=g.visitor.name)
    words = _("The return is asked for: a second person must grant it.")
    return done({"request": asked}, url_for("finance.payments", kept=1), words, 202)
