"""POST /api/loads, GET /api/cards/<card>/actions, DELETE /api/actions/<n>: the action list."""

from __future__ import annotations

from flask import current_app, jsonify

from sync_server.web import fields
from sync_server.web.api import api
from sync_server.web.refusals import BadField

LOADS_MAX = 5000


@api.post("/loads")
def order_loads():
    """{loads: [{card, amount_fen}]}, paid in, on the cards at their next taps -> {actions: [...]}.
    One wrong entry refuses all."""
    wishes = fields.body().get("loads")
    if not isinstance(wishes, list) or not 1 <= len(wishes) <= LOADS_MAX:
        raise BadField(f"loads must be a list of 1 to {LOADS_MAX} loads")
    if not all(isinstance(wish, dict) for wish in wishes):
        raise BadField("loads must hold JSON objects")
    pairs = [
        (
            fields.whole(wish, "card", 1, fields.CARD_MAX),
            fields.whole(wish, "amount_fen", 1, fields.MONEY_MAX_FEN),
        )
        for wish in wishes
    ]
    actions = current_app.extensions["desk"].orders.actions
    return jsonify(actions=actions.order(pairs, by="api")), 201


@api.get(f"/cards/<int(max={fields.CARD_MAX}):card>/actions")
def actions_of_card(card: int):
    """-> {actions: [{action, op, amount_fen, state, terminal, serial, ...}]}, newest first."""
    return jsonify(actions=current_app.extensions["desk"].orders.actions.of_card(card))


@api.delete("/actions/<int(max=4294967295):number>")
def withdraw_action(number: int):
    """The money goes back; 409 if it may be on the card already."""
    current_app.extensions["desk"].orders.actions.withdraw(number)
    return jsonify(withdrawn=number)
