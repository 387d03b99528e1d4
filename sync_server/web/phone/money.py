"""The money of whoever holds the phone: what there is, what was paid, topping up (R13).

Each request is signed by the phone for what it wishes; the wish is JSON in a text, because the
signature is over its letters. A phone speaks of its own number and of the cards of its holder.
"""

from __future__ import annotations

import json
from typing import Any

from flask import current_app, jsonify, request

from sync_server.core.audit import Act
from sync_server.core.topups import LEAST_FEN, MOST_FEN, OFFERED_FEN
from sync_server.gateway.acting import Errand, errand
from sync_server.gateway.refusals import Impossible
from sync_server.web import fields
from sync_server.web.phone import LOOK_RATE, PHONE_RATE, limited, phone
from sync_server.web.refusals import BadField

WISH_MOST = 2000  # characters


def _orders():
    return current_app.extensions["desk"].orders


def wished(what: str) -> tuple[int, set[int], dict[str, Any], str]:
    """-> (the phone's number, cards it may speak of, what it wishes, a name of this one wish)"""
    body = fields.body()
    number = fields.whole(body, "card", 1, fields.CARD_MAX)
    told_s = fields.whole(body, "utc_s", 0, 0xFFFFFFFF)
    text = body.get("wish")
    if not isinstance(text, str) or len(text) > WISH_MOST or not _is_unicode(text):
        raise BadField(f"wish must be a text of at most {WISH_MOST} characters")
    signature = fields.hexadecimal(body, "signature")
    cards = _orders().phones.wishes(what, number, told_s, text, signature)
    try:
        wish = json.loads(text)
    except (ValueError, RecursionError):
        wish = None
    if not isinstance(wish, dict):
        raise BadField("wish must be a JSON object")
    return number, cards, wish, f"phone {number} {told_s} {text}"


def _is_unicode(text: str) -> bool:
    """Half a surrogate pair is nobody's signature."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def may_speak_of(card: int, cards: set[int]) -> None:
    """Impossible 404 for a card of somebody else."""
    if card not in cards:
        raise Impossible("this is no card of yours", 404)


@phone.post("/api/phone/money")
@limited(LOOK_RATE)
def money():
    """{card, utc_s, wish: "{}", signature} -> {cards, taps, topups, disputes, left_fen, channels,
    offered_fen, least_fen, most_fen}"""
    number, cards, _, _ = wished("money")
    return jsonify(
        _orders().wallets.told(number, cards)
        | {"channels": _orders().payments.channels()}
        | {"offered_fen": OFFERED_FEN, "least_fen": LEAST_FEN, "most_fen": MOST_FEN}
    )


@phone.post("/api/phone/topup")
@limited(PHONE_RATE)
def top_up():
    """wish: {channel, card, amount_fen} -> {number, state, amount_fen, pay_url}; the same wish of
    the same second is the same order"""
    number, cards, wish, name = wished("topup")
    card = fields.whole(wish, "card", 1, fields.CARD_MAX)
    fen = fields.whole(wish, "amount_fen", LEAST_FEN, MOST_FEN)
    channel = fields.text(wish, "channel", 20)
    may_speak_of(card, cards)
    by = f"phone {number}"
    errand.set(Errand(Act(by, "", "phone.topup", f"card {card}", {"amount_fen": fen})))
    site = request.host_url.rstrip("/")
    row = _orders().payments.order(channel, card, fen, name, by, site)
    told = ("number", "state", "amount_fen", "pay_url")
    return jsonify({one: row[one] for one in told if one in row}), 201
