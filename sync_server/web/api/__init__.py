"""The JSON API under /api: one file a subject, all of it behind the bearer token.

The check stands in one place, before every request of the blueprint, so a new view cannot forget
it. Wrong tokens count against a rate limit; right ones do not.
"""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify, request

from sync_server.web.access import WRONG_TOKEN_RATE, limiter

api = Blueprint("api", __name__, url_prefix="/api")


@limiter.limit(WRONG_TOKEN_RATE)
def _wrong_token():
    return (
        jsonify(error="the Authorization header must be: Bearer TOKEN"),
        401,
        {"WWW-Authenticate": "Bearer"},
    )


@api.before_request
def authenticate():
    """Turn away whoever does not send the token."""
    scheme, _, offered = request.headers.get("Authorization", "").partition(" ")
    desk = current_app.extensions["desk"]
    if scheme.lower() != "bearer" or not desk.doorkeeper.knows(offered.strip()):
        return _wrong_token()
    return None


from sync_server.web.api import (  # noqa: E402
    actions,  # noqa: F401
    card_keys,  # noqa: F401
    cards,  # noqa: F401
    claims,  # noqa: F401
    evidence,  # noqa: F401
    images,  # noqa: F401
    issues,  # noqa: F401
    losses,  # noqa: F401
    lost,  # noqa: F401
    parameters,  # noqa: F401
    phones,  # noqa: F401
    status,  # noqa: F401
    terminals,  # noqa: F401
)
