"""The service desk: people, their cards, loss reports (R1, R9)."""

from __future__ import annotations

from flask import Blueprint

from sync_server.web import visitors

desk = Blueprint("desk", __name__)
desk.before_request(visitors.admit)


from sync_server.web.desk import cards, cash, people, pins  # noqa: E402, F401
