"""The page people look at: terminals, taps as they come in, totals, loss reports.

Everything but the sign-in page asks for a session; the check stands in one place before every
request. Forms carry a CSRF token.
"""

from __future__ import annotations

from flask import Blueprint, redirect, request, session, url_for

console = Blueprint("console", __name__)

OPEN_VIEWS = frozenset({"console.sign_in", "console.enter", "console.speak"})


@console.before_request
def authenticate():
    """Send whoever has not signed in to the form; a live stream gets a bare 401."""
    if session.get("signed_in") or request.endpoint in OPEN_VIEWS:
        return None
    if request.endpoint == "console.events":
        return "", 401
    return redirect(url_for("console.sign_in"))


from sync_server.web.console import bearers, door, live, pages  # noqa: E402, F401
