"""POST /api/pay/<channel>: a payment channel says that an order was paid (docs/payments.md).

Who says it is told by its signature. A 200 means that it is committed; anything else, and the
channel says it again.
"""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify, request

from sync_server.core.audit import Act
from sync_server.gateway.acting import Errand, errand
from sync_server.web.access import limiter

pay = Blueprint("pay", __name__)

CALLBACK_RATE = "600 per minute"
BODY_MOST = 16 * 1024  # bytes


@pay.post("/api/pay/<channel>")
@limiter.limit(CALLBACK_RATE)
def callback(channel: str):
    """{number, transaction, amount_fen, paid_utc_s}, signed -> {state}: the same each time"""
    request.max_content_length = BODY_MOST
    errand.set(Errand(Act(f"channel {channel[:20]}", "", "pay.callback", "", {})))
    payments = current_app.extensions["desk"].orders.payments
    row = payments.callback(channel, request.path, request.headers, request.get_data())
    return jsonify(state=row["state"])
