"""Fees for others: ordered by an office, paid by holders, seen by both (R3)."""

from __future__ import annotations

from flask import Blueprint

from sync_server.web import visitors

fees = Blueprint("fees", __name__)
fees.before_request(visitors.admit)


from sync_server.web.fees import pages  # noqa: E402, F401
