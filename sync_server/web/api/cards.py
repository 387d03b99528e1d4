"""POST /api/cards, /api/wallets: issue MIFARE or CPU cards and get what personalises each.

At most CARDS_MAX a request; one wrong entry refuses the whole request before anything is issued.
"""

from __future__ import annotations

from typing import Any

from flask import current_app, jsonify

from sync_server.web import fields
from sync_server.web.api import api
from sync_server.web.refusals import BadField

CARDS_MAX = 5000


@api.post("/cards")
def issue():
    """{cards: [{holder_kind, name, uid, valid_until, zones, balance_fen,
    holder (the office's number of whose it is; may lack)}]} -> {cards: [...]}"""
    issued = current_app.extensions["desk"].orders.issue_cards(_wishes())
    return jsonify(
        cards=[
            {"card": card, "blocks": [[block, data.hex()] for block, data in blocks]}
            for card, blocks in issued
        ]
    ), 201


@api.post("/wallets")
def issue_wallets():
    """the same -> {cards: [{card, serial, identity, purchase, psam, load, internal, tac, pin}]}"""
    issued = current_app.extensions["desk"].orders.issue_wallets(_wishes())
    return jsonify(
        cards=[
            {"card": card} | {name: data.hex() for name, data in wallet.items()}
            for card, wallet in issued
        ]
    ), 201


def _wishes() -> list[dict[str, Any]]:
    wishes = fields.body().get("cards")
    if not isinstance(wishes, list) or not 1 <= len(wishes) <= CARDS_MAX:
        raise BadField(f"cards must be a list of 1 to {CARDS_MAX} cards")
    return [_read(place, wish) for place, wish in enumerate(wishes)]


def _read(place: int, wish: Any) -> dict[str, Any]:
    if not isinstance(wish, dict):
        raise BadField(f"cards[{place}] must be a JSON object")
    try:
        return wish_of(wish)
    except BadField as error:
        raise BadField(f"cards[{place}].{error}") from None


def wish_of(wish: dict[str, Any]) -> dict[str, Any]:
    """What a card shall be, read; BadField names the field."""
    return {
        "holder_kind": fields.whole(wish, "holder_kind", 1, 3),
        "name": fields.text(wish, "name", 60),
        "uid": fields.uid(wish, "uid").hex(),
        "valid_until": fields.day(wish, "valid_until"),
        "zones": fields.whole(wish, "zones", 0, 0xFFFF),
        "balance_fen": fields.whole(wish, "balance_fen", 0, fields.MONEY_MAX_FEN),
        "holder": fields.text(wish, "holder", 24) if wish.get("holder") else None,
    }
