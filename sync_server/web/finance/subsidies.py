"""/subsidies: meals of staff month by month, as personnel listed them and finance paid."""

from __future__ import annotations

from flask import current_app

from sync_server.web.answers import shown
from sync_server.web.finance import finance


@finance.get("/subsidies")
def subsidies():
    """-> {left_fen, months: [{month, people, granted_fen, waiting_fen}]}"""
    return shown("subsidies.html", current_app.extensions["desk"].orders.people.subsidies())
