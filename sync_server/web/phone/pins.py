"""The holder's PIN: set and changed by the phone's key, or by a link of the desk; unlocked."""

from __future__ import annotations

from flask import current_app, jsonify, make_response, render_template

from sync_server.core.audit import Act
from sync_server.gateway.acting import Errand, errand
from sync_server.web import fields
from sync_server.web.access import limiter
from sync_server.web.phone import (
    ADDRESS_RATE,
    LOOK_RATE,
    PHONE_RATE,
    TICKET_BYTES,
    limited,
    phone,
    signed,
)

_PIN_MOST = 12  # characters that are read of what should have six


def _pins():
    return current_app.extensions["desk"].orders.pins


@phone.get("/pin")
def pin_page():
    """Where the desk's link leads; the ticket stands behind its #."""
    return make_response(render_template("pin.html"))


@phone.post("/api/pin")
@limiter.limit(ADDRESS_RATE)
def put_pin():
    """{ticket, pin} -> {is_set}"""
    body = fields.body()
    ticket = fields.hexadecimal(body, "ticket")[:TICKET_BYTES]
    pin = fields.text(body, "pin", _PIN_MOST)
    holder = _pins().invited(ticket)
    errand.set(Errand(Act("link", "", "pin.put", f"holder {holder}", {})))
    _pins().put(ticket, pin)
    return jsonify(is_set=True)


@phone.post("/api/phone/pin/state")
@limited(LOOK_RATE)
def pin_state():
    """{card, utc_s, signature as for its cards} -> {is_set, is_locked}"""
    return jsonify(_pins().of_phone(*signed(fields.body())))


@phone.post("/api/phone/pin")
@limited(PHONE_RATE)
def change_pin():
    """{card, utc_s, signature, pin, old: where one is set} -> {is_set, is_locked}"""
    body = fields.body()
    number, told_s, signature = signed(body)
    pin = fields.text(body, "pin", _PIN_MOST)
    old = fields.text(body, "old", _PIN_MOST) if body.get("old") else ""
    _say("phone.pin", number)
    return jsonify(_pins().change(number, told_s, pin, old, signature))


@phone.post("/api/phone/pin/unlock")
@limited(PHONE_RATE)
def unlock_pin():
    """{card, utc_s, signature} -> {is_set, is_locked}: once a day"""
    number, told_s, signature = signed(fields.body())
    _say("phone.unlock", number)
    return jsonify(_pins().unlock_by_phone(number, told_s, signature))


def _say(what: str, number: int) -> None:
    """For the log; of a PIN it has nothing."""
    errand.set(Errand(Act(f"phone {number}", "", what, f"card {number}", {})))
