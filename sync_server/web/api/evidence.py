"""Leave to be offline, and who bears what a reported card paid (R17): docs/evidence.md."""

from __future__ import annotations

import time

from flask import current_app, jsonify

from sync_server.web import fields
from sync_server.web.api import api

_UTC_MAX_S = 0xFFFFFFFF


def _evidence():
    return current_app.extensions["desk"].orders.evidence


@api.get(f"/cards/<int(max={fields.CARD_MAX}):card>/bearers")
def bearers(card: int):
    """-> {card, losses, payments: [{terminal, serial, amount_fen, bearer, rule, evidence}]}"""
    return jsonify(_evidence().of_card(card))


@api.post(f"/terminals/<int(min=1,max={fields.TERMINAL_MAX}):number>/leaves")
def grant(number: int):
    """{until_utc_s, reason, from_utc_s (default: now)} -> {leave}"""
    wish = fields.body()
    begin_s = int(time.time())
    if "from_utc_s" in wish:
        begin_s = fields.whole(wish, "from_utc_s", 0, _UTC_MAX_S)
    end_s = fields.whole(wish, "until_utc_s", 0, _UTC_MAX_S)
    reason = fields.text(wish, "reason", 200)
    return jsonify(leave=_evidence().grant(number, begin_s, end_s, reason, by="api")), 201


@api.get(f"/terminals/<int(min=1,max={fields.TERMINAL_MAX}):number>/leaves")
def leaves(number: int):
    """-> {leaves: every one that was granted}"""
    return jsonify(leaves=_evidence().leaves(number))


@api.delete("/leaves/<int(min=1):leave>")
def end(leave: int):
    """It ends now. -> {}"""
    _evidence().end(leave, by="api")
    return jsonify()
