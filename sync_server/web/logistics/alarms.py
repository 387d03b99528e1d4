"""/alarms: every rule as a sentence with a limit that the centre can change."""

from __future__ import annotations

from flask import current_app, g, url_for
from flask_babel import gettext as _

from sync_server.core import alarms as core
from sync_server.web import fields
from sync_server.web.answers import done, shown
from sync_server.web.console import view
from sync_server.web.logistics import logistics
from sync_server.web.logistics.words import alarm_words

OFTEN_MOST = 40


def _care():
    return current_app.extensions["desk"].orders.care


@logistics.get("/alarms")
def alarms():
    """-> {rules: [{name, unit, limit, least, most, is_on, default}], suspects: [taps], often:
    [{card, terminal, utc_s, n}]: the n-th payment of a card within 5 minutes, in the last hour"""
    sees_cards = g.visitor.may("people")
    rules = _care().rules()
    limit = next(rule.limit for rule in rules if rule.name == "often")
    suspects = _care().suspects() if sees_cards else []
    rows = _care().payments_in_a_row() if sees_cards else []
    told = {
        "rules": [rule._asdict() for rule in rules],
        "suspects": suspects,
        "often": [row for row in rows if row["n"] >= limit][:OFTEN_MOST],
    }
    return shown("alarms.html", told, words=alarm_words(), lines=view.taps(suspects))


@logistics.post("/alarms/<name>")
def set_alarm(name: str):
    """{limit, is_on: "1" or "0"} -> {name, limit, is_on}"""
    most = max(row[4] for row in core.TABLE)
    wish = fields.given()
    limit = fields.number(wish, "limit", 0, most)
    is_on = str(wish.get("is_on", "0")) in ("1", "True")
    _care().set_rule(name, limit, is_on, by=g.visitor.name)
    told = {"name": name, "limit": limit, "is_on": is_on}
    return done(told, url_for("logistics.alarms"), _("The alarm is changed."))
