"""Logistics: terminals, what is noted about them, alarms (R16, R18, R20)."""

from __future__ import annotations

from flask import Blueprint

from sync_server.web import visitors

logistics = Blueprint("logistics", __name__)
logistics.before_request(visitors.admit)


from sync_server.web.logistics import alarms, terminals  # noqa: E402, F401
