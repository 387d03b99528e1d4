"""The page people look at: terminals, taps as they come in, totals, loss reports.

Everything but the sign-in page asks for a session; the check stands in one place before every
request (visitors.admit). Forms carry a CSRF token.
"""

from __future__ import annotations

from flask import Blueprint

from sync_server.web import visitors

console = Blueprint("console", __name__)
console.before_request(visitors.admit)


from sync_server.web.console import bearers, door, emergency, live, pages  # noqa: E402, F401
