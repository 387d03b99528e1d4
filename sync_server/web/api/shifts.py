"""GET /api/terminals/<n>/shifts: what the till's cashier counted, and what we count."""

from __future__ import annotations

from flask import current_app, jsonify

from sync_server.web import fields
from sync_server.web.api import api

SHIFTS = 60


@api.get(f"/terminals/<int(min=1,max={fields.TERMINAL_MAX}):number>/shifts")
def shifts(number: int):
    """-> {shifts: [...]}, newest first, as store.shifts.of has them"""
    return jsonify(shifts=current_app.extensions["desk"].orders.shifts(number, SHIFTS))
