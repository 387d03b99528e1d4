"""The phone page: a code on a screen, made without a network after one sign-in.

The page is the same for everybody and may be kept by the browser; who somebody is, is the key pair
that the browser made and will not give away. The invitation stands behind the # of the link, so it
is never sent when the page is loaded.
"""

from __future__ import annotations

from flask import (
    Blueprint,
    current_app,
    jsonify,
    make_response,
    render_template,
    send_from_directory,
)

from sync_server.core.audit import Act
from sync_server.gateway.acting import Errand, errand
from sync_server.web import fields
from sync_server.web.access import SIGN_IN_RATE, limiter

phone = Blueprint("phone", __name__)

TICKET_BYTES = 16
LOOK_RATE = "60 per minute"


def _phones():
    return current_app.extensions["desk"].orders.phones


@phone.get("/phone")
def page():
    """The page itself."""
    answer = make_response(render_template("phone.html"))
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@phone.get("/phone-worker.js")
def worker():
    """What keeps the page when there is no network; it must lie beside the page."""
    return send_from_directory(current_app.static_folder, "phone-worker.js")


@phone.post("/api/phone/enrol")
@limiter.limit(SIGN_IN_RATE)
def enrol():
    """{ticket, public_key} -> {card, name, authorised, utc_s}"""
    body = fields.body()
    key = fields.hexadecimal(body, "public_key")
    return jsonify(_phones().enrol(fields.hexadecimal(body, "ticket")[:TICKET_BYTES], key))


@phone.post("/api/phone/renew")
@limiter.limit(SIGN_IN_RATE)
def renew():
    """{card, utc_s, signature} -> the same"""
    return jsonify(_phones().renew(*signed(fields.body())))


@phone.post("/api/phone/cards")
@limiter.limit(LOOK_RATE)
def cards():
    """{card, utc_s, signature} -> {cards: [as a loss report is answered]}"""
    body = fields.body()
    number, told_s, signature = signed(body)
    return jsonify(cards=_phones().cards(number, told_s, signature))


@phone.post("/api/phone/loss")
@limiter.limit(SIGN_IN_RATE)
def loss():
    """{card, utc_s, signature, lost: another card of the holder, is_lost} -> as a loss report"""
    body = fields.body()
    number, told_s, signature = signed(body)
    lost = fields.whole(body, "lost", 1, fields.CARD_MAX)
    is_lost = bool(fields.whole(body, "is_lost", 0, 1))
    act = Act(f"phone {number}", "", "phone.loss", f"card {lost}", {"is_lost": int(is_lost)})
    errand.set(Errand(act))
    return jsonify(_phones().loss(number, told_s, lost, is_lost, signature))


def signed(body: dict) -> tuple[int, int, bytes]:
    """(card number of the phone, its clock, its signature)"""
    number = fields.whole(body, "card", 1, fields.CARD_MAX)
    told_s = fields.whole(body, "utc_s", 0, 0xFFFFFFFF)
    return number, told_s, fields.hexadecimal(body, "signature")


from sync_server.web.phone import disputes, fees, money, pins  # noqa: E402, F401
