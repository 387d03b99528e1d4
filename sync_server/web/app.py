"""The application factory: extensions, error answers, blueprints.

What it is not: it opens no socket, no file and no database; `orders` brings all of that. Two
applications in one process (tests) share only the sign-in limits. Limits: a JSON body up to 2 MiB,
a form up to 16 KiB, sign-in attempts 10 a minute and address, 8 live streams.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from flask import Flask
from werkzeug.routing import IntegerConverter

from sync_server.gateway.orders import Orders
from sync_server.web import files, pages, refusals, visitors, words
from sync_server.web.access import Doorkeeper, limiter, protect
from sync_server.web.api import api
from sync_server.web.centre import centre
from sync_server.web.console import console
from sync_server.web.desk import desk
from sync_server.web.disputes import disputes
from sync_server.web.feed import Feed
from sync_server.web.fees import fees
from sync_server.web.fields import NUMBER_MAX
from sync_server.web.finance import finance
from sync_server.web.logistics import logistics
from sync_server.web.needs import TWIN
from sync_server.web.partners import partners
from sync_server.web.pay import pay
from sync_server.web.phone import phone
from sync_server.web.provision import provision
from sync_server.web.registry import registry
from sync_server.web.today import today

JSON_LIMIT_BYTES = 2 * 1024 * 1024
FORM_LIMIT_BYTES = 16 * 1024
STREAMS_MAX = 8
# each twice: pages for people, the same under /api for programs
OFFICES = (desk, registry, finance, fees, disputes, logistics, centre)


class Whole(IntegerConverter):
    """A whole number in an address: one that no database holds is none of ours (404)."""

    def __init__(self, map, fixed_digits=0, min=None, max=NUMBER_MAX, signed=False):
        super().__init__(map, fixed_digits, min, max, signed)


@dataclass
class Desk:
    """What the views of one application share; found at `current_app.extensions["desk"]`."""

    orders: Orders
    doorkeeper: Doorkeeper
    feed: Feed


def create_app(orders: Orders, token: str, settings: dict | None = None) -> Flask:
    """The Flask application over `orders`; `token` (text) is the key of the machine."""
    app = Flask(__name__)
    app.url_map.converters["int"] = Whole
    app.config.from_mapping(
        # Derived, not stored: a new token ends every console session with it.
        SECRET_KEY=sha256(b"campus-card console cookie 1" + token.encode()).digest(),
        SESSION_COOKIE_NAME="campus",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=JSON_LIMIT_BYTES,
        MAX_FORM_MEMORY_SIZE=FORM_LIMIT_BYTES,
        MAX_FORM_PARTS=20,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,  # visitors.admit checks: a bearer needs no CSRF token
        RATELIMIT_ENABLED=True,
        RATELIMIT_STORAGE_URI="memory://",
        RATELIMIT_HEADERS_ENABLED=True,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.config.from_mapping(settings or {})
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["desk"] = Desk(orders, Doorkeeper(token), Feed(orders, STREAMS_MAX))
    words.init_app(app)
    protect.init_app(app)
    limiter.init_app(app)
    refusals.init_app(app)
    for blueprint in (api, console, today, pay, phone, provision, partners):
        app.register_blueprint(blueprint)
    for office in OFFICES:
        app.register_blueprint(office)
        app.register_blueprint(office, url_prefix="/api", name=office.name + TWIN)
    app.after_request(visitors.finish)
    app.after_request(_harden)
    app.teardown_request(visitors.leave)
    pages.init_app(app)
    files.init_app(app)
    return app


def _harden(response):
    """Nothing from elsewhere, no framing, no guessing of types, no copy in a shared cache."""
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; worker-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
