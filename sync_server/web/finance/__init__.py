"""Finance: those who leave, and their money (R8)."""

from __future__ import annotations

from flask import Blueprint

from sync_server.web import visitors

finance = Blueprint("finance", __name__)
finance.before_request(visitors.admit)


from sync_server.web.finance import leavers  # noqa: E402, F401
