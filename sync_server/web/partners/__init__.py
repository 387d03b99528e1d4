"""/api/partners: what other systems ask, each with a key of its own (docs/partners.md).

The check stands in one place, before every request. A route that is in no row of needs.SCOPES is
refused to everybody.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, g, jsonify, request
from limits import RateLimitItemPerMinute
from werkzeug.exceptions import TooManyRequests

from sync_server.core.partners import Grant
from sync_server.web import fields
from sync_server.web.access import WRONG_TOKEN_RATE, limiter
from sync_server.web.fields import CARD_MAX
from sync_server.web.needs import SCOPES

partners = Blueprint("partners", __name__, url_prefix="/api/partners")

CODE_MOST = 400
MINUTE_S = 60
_ID_MAX = 2**62


def _partners():
    return current_app.extensions["desk"].orders.partners


@partners.before_request
def admit() -> Any:
    """Who is it, and may they? None lets them in."""
    scheme, _, offered = request.headers.get("Authorization", "").partition(" ")
    offered = offered.strip() if scheme.lower() == "bearer" else ""
    found = _partners().known(offered)
    if found is None:
        return _wrong_key(offered)
    g.partner, key = found
    endpoint = request.endpoint or ""
    if not _has_room(g.partner):
        _partners().full(g.partner, endpoint)
        raise TooManyRequests(f"{g.partner.a_minute} in a minute", retry_after=MINUTE_S)
    scope = SCOPES.get(endpoint)
    why = _partners().fault(g.partner, key, request.remote_addr or "", scope or "")
    if scope is None:
        why = why or "no system may ask this"
    if why:
        _partners().refused(g.partner, endpoint, why)
        abort(403, why)
    _partners().count(g.partner, endpoint)
    return None


def _has_room(grant: Grant) -> bool:
    """Is this one not more than its grant has in a minute?"""
    most = RateLimitItemPerMinute(max(grant.a_minute, 1))
    return not limiter.enabled or limiter.limiter.hit(most, "partner", str(grant.number))


@limiter.limit(WRONG_TOKEN_RATE)
def _wrong_key(offered: str) -> Any:
    _partners().wrong(offered, request.remote_addr or "")
    line = "the Authorization header must be: Bearer KEY of a system that was granted"
    return jsonify(error=line), 401, {"WWW-Authenticate": "Bearer"}


@partners.get("/me")
def me():
    """-> {name, scopes, kinds, gates, zones, a_minute, until_utc_s}"""
    grant = g.partner
    return jsonify(
        name=grant.name,
        scopes=sorted(grant.scopes),
        kinds=sorted(grant.kinds),
        gates=sorted(grant.gates),
        zones=sorted(grant.zones),
        a_minute=grant.a_minute,
        until_utc_s=grant.until_utc_s,
    )


@partners.get(f"/cards/<int(min=1,max={CARD_MAX}):card>")
def card(card: int):
    """-> {card, usable, state, holder_kind, valid_until, holder: null or {number, name}}"""
    return jsonify(_partners().card(g.partner, card))


@partners.get("/chips/<uid>")
def chip(uid: str):
    """the same of what a reader sees: 4 or 7 bytes in hexadecimal"""
    return jsonify(_partners().chip(g.partner, fields.uid({"uid": uid}, "uid")))


@partners.post("/codes")
def use_code():
    """{code} from a phone's screen -> the same; the code is used up by it"""
    text = fields.text(fields.body(), "code", CODE_MOST)
    return jsonify(_partners().code(g.partner, text))


@partners.get("/passes")
def passes():
    """?after=ID -> {passes: [{id, terminal, place, utc_s, card, holder_kind, holder}]}, at most 500
    in the order of arrival"""
    return jsonify(passes=_partners().passes(g.partner, _after()))


@partners.get("/holders")
def holders():
    """?after=ID -> {holders: [{id, number, name, holder_kind, department, valid_until, ended}]}, at
    most 500 by id"""
    return jsonify(holders=_partners().holders(g.partner, _after()))


def _after() -> int:
    given: dict[str, Any] = {"after": request.args.get("after", "0")}
    return fields.number(given, "after", 0, _ID_MAX)
