"""Finance: leavers (R8), merchants (R11), days, settlements, the bank, both lines (R14)."""

from __future__ import annotations

from flask import Blueprint

from sync_server.web import visitors

finance = Blueprint("finance", __name__)
finance.before_request(visitors.admit)


from sync_server.web.finance import (  # noqa: E402
    bank,  # noqa: F401
    days,  # noqa: F401
    leavers,  # noqa: F401
    ledger,  # noqa: F401
    merchants,  # noqa: F401
    payments,  # noqa: F401
    reports,  # noqa: F401
    settlements,  # noqa: F401
    subsidies,  # noqa: F401
)
