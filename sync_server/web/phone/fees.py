"""Fees of the holder, paid from the phone: through the channel, or with what the phone has (R3)."""

from __future__ import annotations

from flask import current_app, jsonify, request

from sync_server.core.audit import Act
from sync_server.core.fees import CHANNEL, PURSE
from sync_server.gateway.acting import Errand, errand
from sync_server.web import fields
from sync_server.web.phone import PHONE_RATE, limited, phone
from sync_server.web.phone.money import wished


@phone.post("/api/phone/fee")
@limited(PHONE_RATE)
def pay_fee():
    """wish: {fee, how: "purse"} -> {fee, state}; {fee, how: "channel", channel} -> {number, state,
    amount_fen, pay_url}: an order of that fee that is open is given again"""
    number, _, wish, name = wished("fee")
    fee = fields.whole(wish, "fee", 1, 2**31 - 1)
    how = fields.one_of(wish, "how", (CHANNEL, PURSE))
    orders = current_app.extensions["desk"].orders
    orders.fees.must_be_of(fee, number)
    by = f"phone {number}"
    errand.set(Errand(Act(by, "", "phone.pay_fee", f"fee {fee}", {"how": how})))
    if how == PURSE:
        row = orders.fees.take_from_purse(fee, number)
        return jsonify(fee=fee, state=row["state"])
    channel = fields.text(wish, "channel", 20)
    site = request.host_url.rstrip("/")
    row = orders.payments.order_for_fee(channel, number, fee, name, by, site)
    told = ("number", "state", "amount_fen", "pay_url")
    return jsonify({one: row[one] for one in told if one in row}), 201
