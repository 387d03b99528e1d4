"""POST /api/phones: invite a phone; its holder opens the link once, within a day."""

from __future__ import annotations

from flask import current_app, jsonify, request

from sync_server.web import fields
from sync_server.web.api import api


@api.post("/phones")
def invite():
    """{holder_kind, name, valid_until, zones, balance_fen, holder (may lack)} -> {card,
    link}"""
    body = fields.body()
    wish = {
        "holder_kind": fields.whole(body, "holder_kind", 1, 3),
        "name": fields.text(body, "name", 60),
        "valid_until": fields.day(body, "valid_until"),
        "zones": fields.whole(body, "zones", 0, 0xFFFF),
        "balance_fen": fields.whole(body, "balance_fen", 0, fields.MONEY_MAX_FEN),
        "holder": fields.text(body, "holder", 24) if "holder" in body else None,
    }
    number, ticket = current_app.extensions["desk"].orders.phones.invite(wish)
    return jsonify(card=number, link=f"{request.host_url}phone#{ticket}"), 201
