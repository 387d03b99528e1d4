"""/officers: who works here. A given password is shown once, and must be changed at once."""

from __future__ import annotations

import re

from flask import current_app, g, jsonify, redirect, render_template, url_for
from flask_babel import gettext as _

from sync_server.core import rights
from sync_server.web import fields
from sync_server.web.answers import done, is_program, shown
from sync_server.web.centre import centre
from sync_server.web.refusals import BadField
from sync_server.web.roles import ROLE_WORDS

_NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")
_ONE = "/officers/<int(min=1):number>"


def _offices():
    return current_app.extensions["desk"].orders.offices


@centre.get("/officers")
def officers():
    """-> {officers: [{id, name, shown, role, merchant, must_change, made_by, closed_utc_s}]}"""
    return shown("officers.html", {"officers": _offices().officers()}, words=ROLE_WORDS)


@centre.post("/officers")
def add_officer():
    """{name, shown, role, merchant (of a merchant's)} -> {id, password}: told this once"""
    wish = read_officer(fields.given())
    number, password = _offices().add(wish, by=g.visitor.name)
    return _told(number, wish["name"], password)


@centre.post(f"{_ONE}/password")
def give_password(number: int):
    """-> {id, password}; all sessions of that account end"""
    name = _offices().known(number)["name"]
    return _told(number, name, _offices().give_password(number))


@centre.post(f"{_ONE}/close")
def close_officer(number: int):
    """-> {id}: the account ends, and its sessions"""
    if number == g.visitor.officer:
        raise BadField(_("Nobody closes their own account."))
    _offices().close(number)
    return done({"id": number}, url_for("centre.officers"), _("The account is closed."))


def read_officer(given: dict) -> dict:
    """The fields of a new account; BadField says what is wrong with them."""
    name = fields.text(given, "name", 32).lower()
    if not _NAME.fullmatch(name):
        raise BadField(
            _("A name for signing in: 2 to 32 letters a-z, digits, dots; a letter first.")
        )
    role = fields.one_of(given, "role", rights.ROLES)
    merchant = str(given.get("merchant") or "").strip()
    if (role == rights.MERCHANT) != bool(merchant):
        raise BadField(_("An account of a merchant names its merchant, others name none."))
    if merchant:
        fields.text(given, "merchant", 60)
    shown_as = fields.text(given, "shown", 40)
    return {"name": name, "shown": shown_as, "role": role, "merchant": merchant or None}


def _told(number: int, name: str, password: str):
    if is_program():
        return jsonify(id=number, password=password), 201
    if not password:
        return redirect(url_for("centre.officers"), 303)
    return render_template("given.html", name=name, password=password), 201
