"""POST /api/terminals: enrol one terminal and get the key page that provisioning writes into it.
GET /api/terminals/<n>/records: what it uploaded, page by page.

The answer to an enrolment is the only time the keys leave the server; it is never logged and never
repeated.
"""

from __future__ import annotations

from flask import current_app, jsonify, request

from sync_server.gateway.orders import KINDS
from sync_server.web import fields
from sync_server.web.api import api
from sync_server.web.refusals import BadField

PAGE = 5000


@api.post("/terminals")
def enrol():
    """{kind, place, merchant (a gate needs none)} -> {number, provisioning}"""
    wish = fields.body()
    number, page = current_app.extensions["desk"].orders.enrol(
        fields.one_of(wish, "kind", KINDS),
        fields.text(wish, "place", 60),
        fields.text(wish, "merchant", 60) if wish.get("merchant") else "",
    )
    return jsonify(number=number, provisioning=page.hex()), 201


@api.post(f"/terminals/<int(min=1,max={fields.TERMINAL_MAX}):number>/psam")
def psam(number: int):
    """-> {number, master} of the PSAM for this terminal, in hexadecimal"""
    made = current_app.extensions["desk"].orders.psam(number)
    return jsonify({name: data.hex() for name, data in made.items()}), 201


@api.get(f"/terminals/<int(min=1,max={fields.TERMINAL_MAX}):number>/records")
def records(number: int):
    """?after=SERIAL -> {records: [[serial, type, outcome, reason, utc_s, card, amount_fen], ...]}

    At most PAGE in order of serial; an empty list is the end.
    """
    after = request.args.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) <= 10):
        raise BadField("after must be a record number")
    found = current_app.extensions["desk"].orders.records(number, int(after), PAGE)
    return jsonify(records=found)
