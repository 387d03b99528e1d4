"""POST /api/terminals: enrol one terminal and get the key page that provisioning writes into it.

The answer is the only time the keys leave the server; it is never logged and never repeated.
"""

from __future__ import annotations

from flask import current_app, jsonify

from sync_server.gateway.orders import KINDS
from sync_server.web import fields
from sync_server.web.api import api


@api.post("/terminals")
def enrol():
    """{kind, place, merchant} -> {number, provisioning}"""
    wish = fields.body()
    number, page = current_app.extensions["desk"].orders.enrol(
        fields.one_of(wish, "kind", KINDS),
        fields.text(wish, "place", 60),
        fields.text(wish, "merchant", 60),
    )
    return jsonify(number=number, provisioning=page.hex()), 201
