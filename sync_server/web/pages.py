"""What every page may use: the way through the pages, words of roles and facts, money and times."""

from __future__ import annotations

import time

from flask import Flask
from flask_babel import lazy_gettext as _l

from sync_server.core import validity
from sync_server.web import visitors
from sync_server.web.console import view
from sync_server.web.roles import ROLE_WORDS

FACT_WORDS = {
    "cards": _l("Cards"),
    "people": _l("People"),
    "amount_fen": _l("Amount"),
    "file": _l("File"),
    "list": _l("List"),
    "merchants": _l("Merchants"),
    "demonstrations": _l("Merchants that never applied"),
    "payment": _l("Order"),
    "why": _l("Reason"),
    "receipt": _l("Receipt"),
    "clerk": _l("Clerk"),
    "dispute": _l("Dispute"),
    "month": _l("Month"),
    "place": _l("Place"),
    "card": _l("Card"),
    "item": _l("Fee item"),
    "person": _l("Holder"),
    "how": _l("Paid how"),
}


def init_app(app: Flask) -> None:
    """Give templates their words and filters."""
    app.jinja_env.globals["places"] = visitors.places
    app.jinja_env.globals["role_words"] = ROLE_WORDS
    app.jinja_env.globals["fact_words"] = FACT_WORDS
    app.jinja_env.filters["moment"] = lambda utc_s: view.clock(utc_s, int(time.time()))
    app.jinja_env.filters["yuan"] = view.money
    app.jinja_env.filters["day"] = validity.shown
