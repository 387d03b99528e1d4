"""The JSON API under /api: one file a subject, all of it behind the bearer token.

The check stands in one place, before every request of the blueprint (visitors.admit), so a new view
cannot forget it. Wrong tokens count against a rate limit; right ones do not.
"""

from __future__ import annotations

from flask import Blueprint

from sync_server.web import visitors

api = Blueprint("api", __name__, url_prefix="/api")
api.before_request(visitors.admit)


from sync_server.web.api import (  # noqa: E402
    actions,  # noqa: F401
    card_keys,  # noqa: F401
    cards,  # noqa: F401
    claims,  # noqa: F401
    emergencies,  # noqa: F401
    evidence,  # noqa: F401
    images,  # noqa: F401
    issues,  # noqa: F401
    losses,  # noqa: F401
    lost,  # noqa: F401
    openapi,  # noqa: F401
    parameters,  # noqa: F401
    phones,  # noqa: F401
    shifts,  # noqa: F401
    status,  # noqa: F401
    terminals,  # noqa: F401
)
