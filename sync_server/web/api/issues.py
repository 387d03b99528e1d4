"""/api/issues, /api/chips, /api/settlements: what the service desk does with cards (docs/desk.md).

An issue is asked for by chip, so that asking again after a lost answer means the same card. Keys of
one chip leave the server here, as they do with POST /api/cards; masters never.
"""

from __future__ import annotations

from typing import Any

from flask import current_app, jsonify

from sync_server.gateway.issues import CREDENTIALS, OnCpu, OnMifare, Sign
from sync_server.web import fields
from sync_server.web.api import api
from sync_server.web.api.cards import wish_of
from sync_server.web.refusals import BadField

_CARD = f"<int(min=1,max={fields.CARD_MAX}):card>"
_BLOCK, _CHALLENGE = 16, 8
_UTC_S_MIN = 946684800  # 2000-01-01


@api.post("/issues")
def begin_issue():
    """{credential, holder_kind, name, uid, valid_until, zones, balance_fen, replaces (or none)} ->
    {card, state, fee_fen, replaces, credential, blocks or wallet}"""
    body = fields.body()
    credential = CREDENTIALS[fields.one_of(body, "credential", tuple(CREDENTIALS))]
    replaces = None
    if body.get("replaces") is not None:
        replaces = fields.whole(body, "replaces", 1, fields.CARD_MAX)
    return jsonify(_issues().begin(wish_of(body), credential, replaces, by="desk")), 201


@api.put(f"/issues/{_CARD}")
def end_issue(card: int):
    """It was read back right -> {card, state, fee_fen, ...}"""
    return jsonify(_issues().end(card))


@api.delete(f"/issues/{_CARD}")
def void_issue(card: int):
    """It will not be finished: the number is dead, the money goes back -> the same"""
    return jsonify(_issues().void(card, by="desk"))


@api.get("/chips/<uid>")
def chip(uid: str):
    """-> {card, name, holder_kind, valid_until, zones, state, keys_a}; 404: never one of ours"""
    return jsonify(_dated(_issues().chip(_uid(uid))))


@api.get(f"/cards/{_CARD}")
def card_as_it_is(card: int):
    """-> {card, uid, name, holder_kind, valid_until, zones, state, heir}"""
    return jsonify(_dated(_issues().card(card)))


@api.post("/chips/<uid>/reading")
def read_chip(uid: str):
    """{blocks: {"4", "5", "6"}} or {identity, balance_fen, challenge, proof} -> {card, balance_fen,
    counter, ledger_fen, problem, ...}"""
    return jsonify(_dated(_issues().read(_uid(uid), _reading(fields.body()))))


@api.post("/chips/<uid>/return")
def take_back(uid: str):
    """A reading, or {} of a card that is dead already -> {card, paid_fen, keys_b, master}"""
    body = fields.body()
    told = _reading(body) if body else None
    return jsonify(_issues().take_back(_uid(uid), told, by="desk"))


@api.post("/chips/<uid>/loading")
def load_chip(uid: str):
    """A reading -> {action (0: nothing), amount_fen, balance_fen, block and keys_b or pin}; again
    when it is on the card"""
    return jsonify(_issues().loading(_uid(uid), _reading(fields.body())))


@api.post("/chips/signing")
def sign_load():
    """{action, count, balance_fen, random, mac1, utc_s} of a CPU card -> {mac2}"""
    body = fields.body()
    action = fields.whole(body, "action", 1, 0xFFFFFFFF)
    asked = Sign(
        action, action, fields.whole(body, "count", 0, 0xFFFF),
        fields.whole(body, "balance_fen", 0, 0xFFFFFFFF), _sized(body, "random", 4),
        _sized(body, "mac1", 4), fields.whole(body, "utc_s", _UTC_S_MIN, 0xFFFFFFFF),
    )  # fmt: skip
    return jsonify(mac2=_issues().sign(asked).hex())


@api.post("/settlements")
def settle():
    """Balances of replaced cards move as far as they may -> {replaced: [{card, heir, amount_fen,
    owing, settled}]}"""
    return jsonify(replaced=_issues().settle(by="desk"))


def _issues():
    return current_app.extensions["desk"].orders.issues


def _dated(told: dict[str, Any]) -> dict[str, Any]:
    return told | {"valid_until": fields.date_of(told["valid_until"])}


def _uid(text: str) -> bytes:
    return fields.uid({"uid": text}, "uid")


def _reading(body: dict[str, Any]) -> OnMifare | OnCpu:
    if "blocks" in body:
        blocks = body["blocks"]
        if not isinstance(blocks, dict):
            raise BadField("blocks must be a JSON object")
        return OnMifare(*(_sized(blocks, name, _BLOCK) for name in ("4", "5", "6")))
    return OnCpu(
        _sized(body, "identity", _BLOCK),
        fields.whole(body, "balance_fen", 0, 0xFFFFFFFF),
        _sized(body, "challenge", _CHALLENGE),
        _sized(body, "proof", _CHALLENGE),
    )


def _sized(body: dict[str, Any], name: str, size: int) -> bytes:
    raw = fields.hexadecimal(body, name)
    if len(raw) != size:
        raise BadField(f"{name} must be {size} bytes in hexadecimal")
    return raw
