"""POST /api/claims: a code with which a technician's laptop enrols some boxes, until an instant."""

from __future__ import annotations

from flask import current_app, jsonify

from sync_server.gateway.claims import BOXES_MAX, DAYS_MAX
from sync_server.gateway.orders import KINDS
from sync_server.web import fields
from sync_server.web.api import api
from sync_server.web.refusals import BadField


@api.post("/claims")
def make_claim():
    """{kind, place, merchant (a gate needs none), boxes, days, kit} -> {code, boxes, until_utc_s,
    kit}; the code is told this once. kit: true makes the numbers now, for work without a network.
    """
    body = fields.body()
    kit = body.get("kit", False)
    if not isinstance(kit, bool):
        raise BadField("kit must be true or false")
    wish = {
        "kind": fields.one_of(body, "kind", KINDS),
        "place": fields.text(body, "place", 50),
        "merchant": fields.text(body, "merchant", 60) if body.get("merchant") else "",
        "boxes": fields.whole(body, "boxes", 1, BOXES_MAX),
        "days": fields.whole(body, "days", 1, DAYS_MAX),
        "kit": kit,
    }
    return jsonify(current_app.extensions["desk"].orders.claims.make(wish)), 201
