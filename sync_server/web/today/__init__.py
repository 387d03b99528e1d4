"""The first page of everybody who works here: what waits for them today (Art. 3)."""

from __future__ import annotations

from flask import Blueprint

from sync_server.web import visitors

today = Blueprint("today", __name__)
today.before_request(visitors.admit)


from sync_server.web.today import page  # noqa: E402, F401
