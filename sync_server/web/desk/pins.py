"""/people/<id>/pin: a link for the holder's own eyes, and three more tries. No clerk sees a PIN."""

from __future__ import annotations

from flask import current_app, jsonify, render_template, url_for
from flask_babel import gettext as _

from sync_server.core.pins import TICKET_S
from sync_server.web.answers import done, is_program
from sync_server.web.desk import desk

_ONE = "/people/<int(min=1):number>/pin"


def _pins():
    return current_app.extensions["desk"].orders.pins


@desk.get(_ONE)
def pin_of(number: int):
    """-> {is_set, is_locked, set_utc_s, set_by, unlocked_utc_s, tries: [the last]}"""
    told = _pins().of(number)
    return jsonify(told) if is_program() else render_template("_pin.html", **told, number=number)


@desk.post(_ONE)
def invite_pin(number: int):
    """-> {link, minutes}: it sets the PIN once"""
    link = url_for("phone.pin_page", _external=True) + "#" + _pins().invite(number)
    if is_program():
        return jsonify(link=link, minutes=TICKET_S // 60)
    return render_template("pin_link.html", link=link, minutes=TICKET_S // 60, number=number)


@desk.post(f"{_ONE}/unlock")
def unlock(number: int):
    """-> {is_locked: false}"""
    _pins().unlock(number)
    to = url_for("desk.person", number=number)
    return done({"is_locked": False}, to, _("The PIN is unlocked."))
