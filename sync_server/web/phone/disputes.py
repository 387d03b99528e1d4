"""The holder's own disputes, from the phone (R12)."""

from __future__ import annotations

from flask import current_app, jsonify

from sync_server.core.audit import Act
from sync_server.core.disputes import TEXT_MOST
from sync_server.gateway.acting import Errand, errand
from sync_server.web import fields
from sync_server.web.disputes.cases import SERIAL_MAX
from sync_server.web.phone import PHONE_RATE, limited, phone
from sync_server.web.phone.money import may_speak_of, wished


def _cases():
    return current_app.extensions["desk"].orders.disputes


@phone.post("/api/phone/dispute")
@limited(PHONE_RATE)
def dispute():
    """wish: {terminal, serial, card, amount_fen, said} -> {id, state}; again: the same one"""
    number, cards, wish, _ = wished("dispute")
    card = fields.whole(wish, "card", 1, fields.CARD_MAX)
    may_speak_of(card, cards)
    purchase = (
        fields.whole(wish, "terminal", 1, fields.TERMINAL_MAX),
        fields.whole(wish, "serial", 1, SERIAL_MAX),
    )
    fen = fields.whole(wish, "amount_fen", 1, fields.MONEY_MAX_FEN)
    said = fields.prose(wish, "said", TEXT_MOST)
    by, about = f"phone {number}", f"purchase {purchase[0]}/{purchase[1]}"
    errand.set(Errand(Act(by, "", "phone.dispute", about, {"amount_fen": fen})))
    row = _cases().open(purchase, card, fen, said, by)
    return jsonify(id=row["id"], state=row["state"]), 201


@phone.post("/api/phone/withdraw")
@limited(PHONE_RATE)
def withdraw():
    """wish: {dispute} -> {id}: the holder lets it be"""
    number, cards, wish, _ = wished("withdraw")
    one = fields.whole(wish, "dispute", 1, 2**31 - 1)
    errand.set(Errand(Act(f"phone {number}", "", "phone.withdraw", f"dispute {one}", {})))
    _cases().withdraw(one, cards)
    return jsonify(id=one)
