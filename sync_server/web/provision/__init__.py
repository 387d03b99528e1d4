"""POST /api/provision: a box asks for its number and keys, sealed by a claim's code.

Who has no token comes in by the name of a claim that has not ended; what is sealed with another
code than that claim's is refused after it. Wrong names count against a rate limit.
"""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify, request

from protocol.claim import NAME
from sync_server.web import fields
from sync_server.web.access import WRONG_TOKEN_RATE, limiter

provision = Blueprint("provision", __name__)


@limiter.limit(WRONG_TOKEN_RATE)
def _no_claim():
    line = "there is no such claim, or it has ended: ask the office for a new code"
    return jsonify(error=line), 401, {"WWW-Authenticate": "Claim"}


@provision.before_request
def authenticate():
    """Turn away whoever names no claim."""
    name = _claim()
    if len(name) != NAME or not current_app.extensions["desk"].orders.claims.known(name):
        return _no_claim()
    return None


@provision.post("/api/provision")
def use():
    """{sealed: hex of a question} -> {sealed: hex of the answer} (protocol/claim.py)"""
    sealed = fields.hexadecimal(fields.body(), "sealed")
    answer = current_app.extensions["desk"].orders.claims.use(_claim(), sealed)
    return jsonify(sealed=answer.hex())


def _claim() -> bytes:
    scheme, _, name = request.headers.get("Authorization", "").partition(" ")
    try:
        return bytes.fromhex(name) if scheme.lower() == "claim" else b""
    except ValueError:
        return b""
