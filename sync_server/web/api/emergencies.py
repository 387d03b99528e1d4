"""Emergencies and drills (R19), with the code of the envelope: docs/emergency.md."""

from __future__ import annotations

from flask import current_app, jsonify

from protocol import emergency
from sync_server.gateway.emergencies import KINDS, WHATS
from sync_server.web import fields
from sync_server.web.api import api
from sync_server.web.refusals import BadField

MINUTES_MAX = emergency.MAX_S // 60
_NUMBER_MAX = (1 << 31) - 1
_CODE = 40  # characters, with blanks


def _emergencies():
    return current_app.extensions["desk"].orders.emergencies


@api.post("/emergencies")
def declare_emergency():
    """{code, what, kinds, minutes, tap_fen, card_fen, reason} -> the report, 201"""
    wish = fields.body()
    kinds = wish.get("kinds", list(KINDS))
    if not isinstance(kinds, list) or not kinds or any(kind not in list(KINDS) for kind in kinds):
        raise BadField(f"kinds must be a list of {', '.join(KINDS)}")
    made = _emergencies().declare(
        fields.text(wish, "code", _CODE),
        fields.one_of(wish, "what", tuple(WHATS)),
        sorted(set(kinds)),
        fields.whole(wish, "minutes", 1, MINUTES_MAX),
        fields.whole(wish, "tap_fen", 0, emergency.MAX_FEN),
        fields.whole(wish, "card_fen", 0, emergency.MAX_FEN),
        fields.text(wish, "reason", 200),
        by="api",
    )
    return jsonify(made), 201


@api.get("/emergencies")
def every_emergency():
    """-> {now: what goes on or null, emergencies: all, newest first}"""
    return jsonify(now=_emergencies().now(), emergencies=_emergencies().all())


@api.post("/emergencies/end")
def end_emergency():
    """{code, reason}: what goes on ends now -> its report"""
    wish = fields.body()
    code, reason = fields.text(wish, "code", _CODE), fields.text(wish, "reason", 200)
    return jsonify(_emergencies().end(code, reason, by="api"))


@api.get(f"/emergencies/<int(min=1,max={_NUMBER_MAX}):number>")
def report_emergency(number: int):
    """-> what was ordered, who was reached, what each terminal did, what the ledger has of it"""
    return jsonify(_emergencies().report(number))
