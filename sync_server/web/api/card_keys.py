"""GET and POST /api/card-keys, PUT /api/card-keys/use and /retire: versions of the card keys."""

from __future__ import annotations

from flask import current_app, jsonify

from protocol.cardkeys import VERSION_MAX
from sync_server.web import fields
from sync_server.web.api import api
from sync_server.web.refusals import BadField

WITHOUT_MAX = 1000


def _card_keys():
    return current_app.extensions["desk"].orders.card_keys


@api.get("/card-keys")
def card_keys():
    """-> {newest, card_key, oldest_card_key, lacking: [terminals], cards: {version: count}}"""
    return jsonify(_card_keys().state())


@api.post("/card-keys")
def grow_card_keys():
    """{sectors: true or false}: a new version, with new keys of MIFARE sectors or without -> the
    same as GET"""
    wish = fields.body().get("sectors", False)
    if not isinstance(wish, bool):
        raise BadField("sectors must be true or false")
    return jsonify(_card_keys().grow(wish)), 201


@api.put("/card-keys/use")
def use_card_keys():
    """{version, without: [terminals]}: cards shall have it; 409 names who lacks it"""
    body = fields.body()
    version = fields.whole(body, "version", 1, VERSION_MAX)
    without = fields.card_numbers({"without": body.get("without", [])}, "without", WITHOUT_MAX)
    return jsonify(_card_keys().use(version, without))


@api.put("/card-keys/retire")
def retire_card_keys():
    """{oldest}: cards of an older version are refused"""
    return jsonify(_card_keys().retire(fields.whole(fields.body(), "oldest", 1, VERSION_MAX)))
