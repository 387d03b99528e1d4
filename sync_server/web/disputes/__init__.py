"""Disputes: opened at the desk or by phone, answered by the merchant, decided by offices (R12)."""

from __future__ import annotations

from flask import Blueprint

from sync_server.web import visitors

disputes = Blueprint("disputes", __name__)
disputes.before_request(visitors.admit)


from sync_server.web.disputes import cases  # noqa: E402, F401
