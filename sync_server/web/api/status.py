"""GET /api/status, /api/ledger and POST /api/links.

Read only, except that a link adds a one-time key for the console.
"""

from __future__ import annotations

from flask import current_app, jsonify, url_for

from sync_server.web.api import api


@api.get("/status")
def status():
    """-> {terminals, list_version, records, taps, accepted, refused, ..., ledger_sum}"""
    return jsonify(current_app.extensions["desk"].orders.status())


@api.get("/ledger")
def ledger():
    """-> {sum, accounts, places} in fen"""
    return jsonify(current_app.extensions["desk"].orders.ledger())


@api.post("/links")
def link():
    """-> {link}: opens the console once, within an hour, without typing the token"""
    key = current_app.extensions["desk"].doorkeeper.one_time_key()
    return jsonify(link=url_for("console.enter", key=key, _external=True)), 201
