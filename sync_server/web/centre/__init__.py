"""The information centre: accounts of people, what waits for a second one, the log (R21)."""

from __future__ import annotations

from flask import Blueprint

from sync_server.web import visitors

centre = Blueprint("centre", __name__)
centre.before_request(visitors.admit)


from sync_server.web.centre import acts, approvals, officers, partners  # noqa: E402, F401
