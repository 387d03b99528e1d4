"""PUT /api/params, /api/terminals/<n>/params and /api/terminals/<n>/grants.

Parameters are named as in `protocol.params`; a name or value out of its table is refused whole.
"""

from __future__ import annotations

from flask import current_app, jsonify

from protocol import params
from sync_server.web import fields
from sync_server.web.api import api
from sync_server.web.fields import TERMINAL_MAX
from sync_server.web.refusals import BadField

GRANTS_MAX = 100_000


@api.put("/params")
def for_all():
    """{name: value, ...} for every terminal -> {version}"""
    return _set(None)


@api.put(f"/terminals/<int(min=1,max={TERMINAL_MAX}):number>/params")
def for_one(number: int):
    """{name: value, ...} for this terminal, over those for all -> {version}"""
    return _set(number)


def _set(number: int | None):
    values = fields.body()
    for name in {"card_key", "oldest_card_key"} & set(values):
        raise BadField(f"{name} is set by PUT /api/card-keys, which asks who has the keys")
    for name in params.BYTES:  # in JSON as hexadecimal
        if name in values:
            values[name] = fields.hexadecimal(values, name)
    version = current_app.extensions["desk"].orders.set_params(number, values)
    return jsonify(version=version)


@api.get(f"/terminals/<int(min=1,max={TERMINAL_MAX}):number>/grants")
def grants_reach(number: int):
    """-> {version, confirmed}: the newest, and the one this gate holds"""
    return jsonify(current_app.extensions["desk"].orders.grants_reach(number))


@api.put(f"/terminals/<int(min=1,max={TERMINAL_MAX}):number>/grants")
def grants(number: int):
    """{cards: [...]}: exactly these cards may pass at this gate -> {version}"""
    cards = fields.card_numbers(fields.body(), "cards", GRANTS_MAX)
    version = current_app.extensions["desk"].orders.set_grants(number, cards)
    return jsonify(version=version, cards=len(cards))
