"""/audit: the log of acts, and whether it is whole."""

from __future__ import annotations

import json
import time

from flask import current_app, request

from sync_server.web.answers import shown
from sync_server.web.centre import centre
from sync_server.web.centre.words import act_line
from sync_server.web.console import view
from sync_server.web.roles import ROLE_WORDS

_NUMBER_MAX = 2**62


@centre.get("/audit")
def acts():
    """?before=N&who=NAME&subject=TEXT -> {acts: newest first, whole: {rows, link, fault}}"""
    offices = current_app.extensions["desk"].orders.offices
    before = request.args.get("before", default=_NUMBER_MAX, type=int)
    who, subject = request.args.get("who", "")[:40], request.args.get("subject", "")[:80]
    told = {
        "acts": offices.acts(min(max(before, 0), _NUMBER_MAX), who, subject),
        "whole": offices.check(),
    }
    lines = [_line(row) for row in told["acts"]]
    return shown("audit.html", told, lines=lines, who=who, subject=subject, words=ROLE_WORDS)


def _line(row: dict) -> dict:
    detail = json.loads(row["detail"])
    return row | {
        "words": act_line(row["what"]),
        "time": view.clock(row["utc_s"], int(time.time())),
        "detail": ", ".join(f"{name} {value}" for name, value in detail.items()),
    }
