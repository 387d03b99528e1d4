"""Lists of people from personnel, teaching affairs and the desk (R1, R6)."""

from __future__ import annotations

from flask import Blueprint

from sync_server.web import visitors

registry = Blueprint("registry", __name__)
registry.before_request(visitors.admit)


from sync_server.web.registry import lists  # noqa: E402, F401
