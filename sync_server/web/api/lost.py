"""POST /api/terminals/<n>/replacement: its flash is gone; a new key, and what is lost is rebuilt.
POST /api/terminals/<n>/journal: what was read out of a flash that turned up.
GET and POST /api/terminals/<n>/lost: what is rebuilt and missing; give up what a backup lacks.

The story is in docs/ingest.md. Like an enrolment, a replacement's answer is the only time that the
keys leave the server.
"""

from __future__ import annotations

from flask import current_app, jsonify

from protocol import record
from sync_server.web import fields
from sync_server.web.api import api
from sync_server.web.refusals import BadField

_PATH = f"/terminals/<int(min=1,max={fields.TERMINAL_MAX}):number>"


@api.post(f"{_PATH}/replacement")
def replace(number: int):
    """-> {number, first, last, provisioning}; numbers first to last are lost"""
    return jsonify(current_app.extensions["desk"].orders.replace(number)), 201


@api.post(f"{_PATH}/journal")
def journal(number: int):
    """{records: hex of whole 64-byte slots} -> {stored, exists, exists-different, quarantined}

    Slots of flash that hold no record (erased, marks, torn) may be among them, they are left out.
    """
    raw = fields.hexadecimal(fields.body(), "records")
    if not raw or len(raw) % record.SIZE:
        raise BadField(f"records must be {record.SIZE} bytes each")
    slots = [raw[at : at + record.SIZE] for at in range(0, len(raw), record.SIZE)]
    return jsonify(current_app.extensions["desk"].orders.take_journal(number, slots))


@api.get(f"{_PATH}/lost")
def lost(number: int):
    """-> {declared, rebuilt, missing, spans}"""
    return jsonify(current_app.extensions["desk"].orders.lost(number))


@api.post(f"{_PATH}/lost")
def give_up(number: int):
    """-> the same; numbers below the highest that are not here are declared lost."""
    return jsonify(current_app.extensions["desk"].orders.give_up(number))
