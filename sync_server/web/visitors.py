"""Who is asking: an officer by their session, a program by the key. One check before every view.

Rules:
1. Under /api only the bearer token counts, elsewhere only the session: so no page of another site
   can make a browser do something under /api, and elsewhere every form needs its CSRF token.
2. What the visitor's role may not is 403, and a row of the log if it would have changed something.
3. A session ends IDLE_S after its last click, LIFE_S after its first, and when its account changes.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from flask import abort, current_app, g, jsonify, redirect, request, session, url_for

from sync_server.core import rights
from sync_server.core.audit import Act
from sync_server.gateway.acting import Errand, errand
from sync_server.web.access import (
    LIST_LIMIT_BYTES,
    PIECE_BYTES,
    WRONG_TOKEN_RATE,
    limiter,
    protect,
)
from sync_server.web.needs import LARGE, OPEN, PLACES, TWIN, need_of

IDLE_S = 30 * 60
LIFE_S = 12 * 3600
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TEXT_MOST = 120  # characters of a field in the log
_OFFICES = [endpoint.partition(".")[0] for endpoint, _ in PLACES]
_ONE_PLACE = {office for office in _OFFICES if _OFFICES.count(office) == 1}
_BEFORE_A_PASSWORD = {"console.password", "console.sign_out"}


class Visitor(NamedTuple):
    """name: as the log has it; officer: id of the account, 0 for the key."""

    name: str
    role: str
    shown: str = ""
    officer: int = 0
    merchant: str | None = None
    must_change: bool = False

    def may(self, right: str) -> bool:
        """Has this visitor's role that right?"""
        return rights.may(self.role, right)


KEY = Visitor("api", rights.KEY)
CONSOLE = Visitor("console", rights.KEY)  # the key, in a browser


def admit() -> Any:
    """Before every request of a blueprint: who is it, and may they? None lets them in."""
    endpoint = request.endpoint or ""
    if endpoint.replace(f"{TWIN}.", ".") in LARGE:
        request.max_content_length = LIST_LIMIT_BYTES
        request.max_form_memory_size = PIECE_BYTES  # or each file above 16 KiB is too large
    if request.path.startswith("/api/"):
        visitor = _by_token()
        if visitor is None:
            return _wrong_token()
    else:
        if request.method not in SAFE:
            protect.protect()
        visitor = _by_session()
        if visitor is None:
            return None if endpoint in OPEN else _stranger(endpoint)
        if visitor.must_change and endpoint not in OPEN | _BEFORE_A_PASSWORD:
            return redirect(url_for("console.password"))
    g.visitor = visitor
    if endpoint in OPEN:
        return None
    need = need_of(endpoint)
    if endpoint == "console.index" and need is not None and not visitor.may(need.right):
        return redirect(home())
    if request.method not in SAFE:
        errand.set(Errand(_act(visitor, endpoint, need.kept if need else ())))
    if need is None or not visitor.may(need.right):
        _note_refusal()
        abort(403, "your office does not do this")
    return None


def finish(response: Any) -> Any:
    """After a view: what it did without a commit of its own is kept in the log too."""
    asking = errand.get()
    errand.set(None)
    if asking is not None and not asking.kept and response.status_code < 400:
        current_app.extensions["desk"].orders.offices.note(asking.act)
    return response


def leave(_error: BaseException | None = None) -> None:
    """The thread serves somebody else next."""
    errand.set(None)


def begin(officer: dict[str, Any] | None) -> None:
    """A session of this account, or of the key; one that was begun before is worth nothing."""
    session.clear()
    now_s = int(time.time())
    session["began_s"] = session["seen_s"] = now_s
    session["officer"] = [officer["id"], officer["generation"]] if officer else [0, 0]


def places(visitor: Visitor | None) -> list[tuple[str, str, bool]]:
    """(address, word, is it here) of every page that this visitor may begin with. A page that is
    not one of them belongs to the one of its office, where that is but one, else to the one whose
    address it begins with."""
    if visitor is None or visitor.must_change:
        return []
    found = []
    for endpoint, word in PLACES:
        need = need_of(endpoint)
        if need is not None and visitor.may(need.right):
            office = endpoint.partition(".")[0]
            address = url_for(endpoint)
            is_here = endpoint == request.endpoint or (
                office == request.blueprint
                if office in _ONE_PLACE
                else request.path.startswith(f"{address}/")
            )
            found.append((address, str(word), is_here))
    return found


def home() -> str:
    """Address of the first page of whoever is signed in."""
    found = places(_by_session())
    return found[0][0] if found else url_for("console.password")


def _by_token() -> Visitor | None:
    scheme, _, offered = request.headers.get("Authorization", "").partition(" ")
    keeper = current_app.extensions["desk"].doorkeeper
    return KEY if scheme.lower() == "bearer" and keeper.knows(offered.strip()) else None


def _by_session() -> Visitor | None:
    number, generation = session.get("officer", (None, 0))
    now_s = int(time.time())
    if number is None or now_s - session["began_s"] > LIFE_S:
        return None
    if number == 0:
        return CONSOLE
    if now_s - session["seen_s"] > IDLE_S:
        return None
    row = current_app.extensions["desk"].orders.offices.officer(number)
    if row is None or row["closed_utc_s"] is not None or row["generation"] != generation:
        return None
    if now_s - session["seen_s"] >= 60:  # else each answer would carry a new cookie
        session["seen_s"] = now_s
    return Visitor(
        row["name"], row["role"], row["shown"], number, row["merchant"], bool(row["must_change"])
    )


@limiter.limit(WRONG_TOKEN_RATE)
def _wrong_token() -> Any:
    line = "the Authorization header must be: Bearer TOKEN"
    return jsonify(error=line), 401, {"WWW-Authenticate": "Bearer"}


def _stranger(endpoint: str) -> Any:
    """To the sign-in form; a live stream, or a part of a page, gets a bare 401."""
    if endpoint == "console.events" or "HX-Request" in request.headers:
        return "", 401, {"HX-Redirect": url_for("console.sign_in")}
    return redirect(url_for("console.sign_in"))


def _act(visitor: Visitor, endpoint: str, kept: tuple[str, ...]) -> Act:
    """As the log has it: the route's name, what it is about, and those fields it may keep."""
    office, _, view = endpoint.rpartition(".")
    subject = " ".join(f"{name} {value}" for name, value in (request.view_args or {}).items())
    given: Any = {}
    if kept:
        is_api = request.path.startswith("/api/")
        given = request.get_json(force=True, silent=True) if is_api else request.form
    detail = {}
    for name in kept if hasattr(given, "get") else ():
        value = given.get(name)
        if isinstance(value, (str, int)) and value != "":
            detail[name] = value[:TEXT_MOST] if isinstance(value, str) else value
    return Act(visitor.name, visitor.role, f"{office.removesuffix(TWIN)}.{view}", subject, detail)


def _note_refusal() -> None:
    asking = errand.get()
    if asking is not None:
        act = asking.act._replace(what=f"{asking.act.what} refused")
        errand.set(None)
        current_app.extensions["desk"].orders.offices.note(act)
