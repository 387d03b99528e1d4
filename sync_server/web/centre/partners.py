"""/partners: other systems, their applications, grants, keys, uses and webhooks (R22)."""

from __future__ import annotations

import time
from typing import Any

from flask import current_app, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from sync_server.core import hooks, validity
from sync_server.core import partners as rules
from sync_server.web import fields
from sync_server.web.answers import done, is_program, shown
from sync_server.web.centre import centre
from sync_server.web.refusals import BadField
from sync_server.web.roles import HOLDER_WORDS

_ONE = "/partners/<int(min=1):number>"
_DAY_0_UTC_S = 946_684_800  # 2000-01-01
_CAMPUS_S = 8 * 3600
_NUMBERS_MOST = 200


def _partners():
    return current_app.extensions["desk"].orders.partners


@centre.get("/partners")
def partners():
    """-> {partners: [...]}, newest first"""
    told = {"partners": _partners().rows()}
    untils = {
        row["id"]: _last_day(row["until_utc_s"]) if row["until_utc_s"] else ""
        for row in told["partners"]
    }
    words = {"states": state_words(), "scopes": scope_words()}
    return shown("partners.html", told, untils=untils, **words)


@centre.post("/partners")
def ask_partner():
    """{name, purpose, contact, scopes: [...]} -> {id}: the application of another system"""
    wish = fields.given()
    scopes = _words(wish, "scopes", rules.SCOPE_NAMES)
    if not scopes:
        raise BadField("scopes must name at least one")
    asked = {
        "name": fields.text(wish, "name", 40),
        "purpose": fields.text(wish, "purpose", 200),
        "contact": fields.text(wish, "contact", 60),
        "wants": " ".join(scopes),
    }
    number = _partners().ask(asked, by=g.visitor.name)
    to = url_for("centre.partner", number=number)
    words = _("The application is entered; a second person grants it.")
    return done({"id": number}, to, words, 201)


@centre.get(_ONE)
def partner(number: int):
    """-> {partner, keys, uses, hook, deliveries, troubled}"""
    told = _partners().one(number)
    row = told["partner"]
    granted = row["scopes"] if row["decided_by"] and not row["refused"] else row["wants"]
    return shown(
        "partner.html",
        told,
        states=state_words(),
        scopes=scope_words(),
        events=event_words(),
        event_scopes=hooks.EVENTS,
        routes=route_words(),
        kind_words=HOLDER_WORDS,
        chosen=granted.split(),
        until=_last_day(row["until_utc_s"] or int(time.time()) + 180 * 86400),
        days=_days(told["uses"]),
        now_s=int(time.time()),
    )


@centre.post(f"{_ONE}/grant")
def grant_partner(number: int):
    """{scopes, kinds, gates, zones: lists; addresses, a_minute, until: "YYYY-MM-DD"} -> {id}"""
    wish = fields.given()
    now_s = int(time.time())
    until = fields.day(wish, "until")
    if not 0 <= until - validity.today(now_s) <= rules.DAYS_MOST:
        raise BadField(f"until must be today to {rules.DAYS_MOST} days from now")
    grant = {
        "scopes": " ".join(_words(wish, "scopes", rules.SCOPE_NAMES)),
        "kinds": " ".join(_words(wish, "kinds", tuple(map(str, rules.KINDS)))),
        "gates": " ".join(map(str, _numbers(wish, "gates", fields.TERMINAL_MAX))),
        "zones": " ".join(map(str, _numbers(wish, "zones", 15))),
        "addresses": " ".join(_networks(wish)),
        "a_minute": fields.number(wish, "a_minute", 1, rules.A_MINUTE_MOST),
        "until_utc_s": _DAY_0_UTC_S + (until + 1) * 86400 - _CAMPUS_S,
    }
    if not grant["scopes"]:
        raise BadField("scopes must name at least one")
    _partners().grant(number, grant, by=g.visitor.name)
    return done({"id": number}, url_for("centre.partner", number=number), _("Granted."))


@centre.post(f"{_ONE}/refusal")
def refuse_partner(number: int):
    """-> {id}: what was asked is not granted"""
    _partners().refuse(number, by=g.visitor.name)
    return done({"id": number}, url_for("centre.partner", number=number), _("Refused."))


@centre.post(f"{_ONE}/stop")
def stop_partner(number: int):
    """-> {id}: its keys and its webhook end now, for good"""
    _partners().stop(number, by=g.visitor.name)
    return done({"id": number}, url_for("centre.partner", number=number), _("It is stopped."))


@centre.post(f"{_ONE}/keys")
def make_partner_key(number: int):
    """-> {id, key}: told this once; the key before it is good for 7 days more"""
    return _told(number, "key", _partners().make_key(number, by=g.visitor.name))


@centre.post(f"{_ONE}/hook")
def set_hook(number: int):
    """{url, events: [...]} -> {id, secret}: told this once; events are sent there from now on"""
    wish = fields.given()
    url = fields.text(wish, "url", hooks.URL_MOST)
    events = _words(wish, "events", tuple(hooks.EVENTS))
    if not events:
        raise BadField("events must name at least one")
    return _told(number, "secret", _partners().set_hook(number, url, events, by=g.visitor.name))


@centre.post(f"{_ONE}/hook/end")
def end_hook(number: int):
    """-> {id}: nothing is sent any more"""
    _partners().end_hook(number)
    return done({"id": number}, url_for("centre.partner", number=number), _("It is ended."))


@centre.post(f"{_ONE}/hook/again")
def send_again(number: int):
    """-> {id, deliveries}: how many that were dead are tried again"""
    count = _partners().send_again(number)
    to = url_for("centre.partner", number=number)
    return done({"id": number, "deliveries": count}, to, _("They are sent again."))


def _told(number: int, what: str, secret: str):
    if is_program():
        return jsonify({"id": number, what: secret}), 201
    if request.method != "POST":
        return redirect(url_for("centre.partner", number=number), 303)
    name = _partners().one(number)["partner"]["name"]
    return render_template("given_key.html", number=number, name=name, what=what, secret=secret)


def _last_day(until_utc_s: int) -> str:
    return validity.shown(validity.today(until_utc_s - 1))


def _days(uses: list[dict[str, Any]]) -> list[tuple[str, list[tuple[str, int]]]]:
    """(day, [(what, count)]) of rows by day."""
    found: dict[str, list[tuple[str, int]]] = {}
    for row in uses:
        day = validity.shown(row["day"] - _DAY_0_UTC_S // 86400)
        found.setdefault(day, []).append((row["what"], row["count"]))
    return list(found.items())


def _words(wish: dict[str, Any], name: str, choices: tuple[str, ...]) -> list[str]:
    """Chosen boxes of a form, or a JSON list of words, each one of `choices`."""
    given = wish.get(name, []) if is_program() else request.form.getlist(name)
    if not isinstance(given, list) or len(given) > len(choices):
        raise BadField(f"{name} must be a list of {', '.join(choices)}")
    given = [str(one) for one in given if not isinstance(one, bool)]
    if set(given) - set(choices):
        raise BadField(f"{name} must be of {', '.join(choices)}")
    return [choice for choice in choices if choice in given]


def _numbers(wish: dict[str, Any], name: str, most: int) -> list[int]:
    """A JSON list of numbers, or a text with commas or spaces."""
    given = wish.get(name, [])
    if isinstance(given, str):
        given = given.replace(",", " ").replace("，", " ").split()
    if not isinstance(given, list) or len(given) > _NUMBERS_MOST:
        raise BadField(f"{name} must be a list of at most {_NUMBERS_MOST} numbers")
    return sorted({fields.number({name: one}, name, 0, most) for one in given})


def _networks(wish: dict[str, Any]) -> list[str]:
    given = wish.get("addresses") or ""
    if not isinstance(given, str) or len(given) > 1000:
        raise BadField("addresses must be a text")
    words = given.replace(",", " ").replace("，", " ").split()
    found = [rules.read_network(word) for word in words]
    if None in found or len(found) > rules.NETWORKS_MOST:
        raise BadField(
            f"addresses must be at most {rules.NETWORKS_MOST} networks, such as 10.1.2.0/24"
        )
    return [network for network in found if network]


def state_words() -> dict[str, tuple[str, str]]:
    """state -> (word, CSS class)."""
    return {
        rules.ASKED: (_("waits for a second person"), "warn"),
        rules.GRANTED: (_("connected"), "good"),
        rules.REFUSED: (_("refused"), "bad"),
        rules.STOPPED: (_("stopped"), "bad"),
        rules.OVER: (_("its time is over"), "bad"),
    }


def scope_words() -> dict[str, str]:
    """scope -> what it opens."""
    return {
        "identity:read": _("who holds a card, of which kind, valid until when"),
        "codes:check": _("the same of a code on a phone, once a code"),
        "passes:read": _("who passed at the gates named below"),
        "holders:read": _("holders of the kinds named below, without money"),
    }


def event_words() -> dict[str, str]:
    """event -> what it tells of."""
    return {
        "card.stopped": _("a card is stopped"),
        "card.freed": _("a card works again"),
        "holder.changed": _("a holder is new or changed"),
        "holder.ended": _("a holder has left"),
        "pass": _("somebody passed at a gate"),
    }


def route_words() -> dict[str, str]:
    """What is counted -> what it is called."""
    return {
        "partners.me": _("own grant"),
        "partners.card": _("card asked for"),
        "partners.chip": _("chip asked for"),
        "partners.use_code": _("code checked"),
        "partners.passes": _("passes fetched"),
        "partners.holders": _("holders fetched"),
        "refused": _("refused"),
    }
