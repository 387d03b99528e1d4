"""The phone page: a code on a screen, made without a network after one sign-in.

The page is the same for everybody and may be kept by the browser; who somebody is, is the key pair
that the browser made and will not give away. The invitation stands behind the # of the link, so it
is never sent when the page is loaded.

Limits: requests of one address, which a whole dormitory may have, and those of one phone. Of a
phone count only those that it signed: or whoever says its number could keep it from reporting a
loss.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import (
    Blueprint,
    Response,
    current_app,
    jsonify,
    make_response,
    render_template,
    request,
    send_from_directory,
)

from sync_server.core.audit import Act
from sync_server.gateway.acting import Errand, errand
from sync_server.web import fields
from sync_server.web.access import limiter

phone = Blueprint("phone", __name__)

TICKET_BYTES = 16
ADDRESS_RATE = "600 per minute"
LOOK_RATE = "60 per minute"
PHONE_RATE = "10 per minute"


def _phones():
    return current_app.extensions["desk"].orders.phones


def asking() -> str:
    """The number that a request says it is of, to count it by."""
    body = request.get_json(force=True, silent=True)
    return str(body.get("card") if isinstance(body, dict) else "")[:20]


def _is_signed(answer: Response) -> bool:
    return answer.status_code != 403


def limited(rate: str) -> Callable[[Callable], Callable]:
    """A view that phones may ask at this rate each, and all behind one address at theirs."""

    def around(view: Callable) -> Callable:
        each = limiter.limit(rate, key_func=asking, deduct_when=_is_signed)
        return limiter.limit(ADDRESS_RATE)(each(view))

    return around


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
@limiter.limit(ADDRESS_RATE)
def enrol():
    """{ticket, public_key} -> {card, name, authorised, utc_s}"""
    body = fields.body()
    key = fields.hexadecimal(body, "public_key")
    return jsonify(_phones().enrol(fields.hexadecimal(body, "ticket")[:TICKET_BYTES], key))


@phone.post("/api/phone/renew")
@limited(PHONE_RATE)
def renew():
    """{card, utc_s, signature} -> the same"""
    return jsonify(_phones().renew(*signed(fields.body())))


@phone.post("/api/phone/cards")
@limited(LOOK_RATE)
def cards():
    """{card, utc_s, signature} -> {cards: [as a loss report is answered]}"""
    body = fields.body()
    number, told_s, signature = signed(body)
    return jsonify(cards=_phones().cards(number, told_s, signature))


@phone.post("/api/phone/loss")
@limited(PHONE_RATE)
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
