"""POST and DELETE /api/cards/<card>/loss: report a card lost, and withdraw the report.

The answer comes after the commit and after the push was handed to the event loop, not after the
terminals confirmed: `confirmed` says how many had the version at that moment.
"""

from __future__ import annotations

from flask import current_app, jsonify

from sync_server.web.api import api
from sync_server.web.fields import CARD_MAX


@api.post(f"/cards/<int(max={CARD_MAX}):card>/loss")
def report(card: int):
    """-> {card, listed, waits, version, confirmed, connected, terminals, missing}"""
    return jsonify(current_app.extensions["desk"].orders.loss_report(card, by="api"))


@api.delete(f"/cards/<int(max={CARD_MAX}):card>/loss")
def withdraw(card: int):
    """-> the same; the card works again as each terminal gets the version."""
    return jsonify(current_app.extensions["desk"].orders.loss_withdraw(card, by="api"))


@api.post(f"/cards/<int(max={CARD_MAX}):card>/loss/approval")
def approve(card: int):
    """-> the same; for a report that waits because there were too many at once."""
    return jsonify(current_app.extensions["desk"].orders.loss_approve(card, by="api"))


@api.get(f"/cards/<int(max={CARD_MAX}):card>/loss")
def reach(card: int):
    """-> the same, as it stands now."""
    return jsonify(current_app.extensions["desk"].orders.loss_reach(card))
