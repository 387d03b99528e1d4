"""GET /events: the page's live parts as server-sent events (WHATWG HTML, section 9.2).

Each event carries ready HTML in the language of the page, so that words live in one place and the
script only puts it in. Events: totals, glance, terminals, reach, taps (new and changed rows, newest
first). A comment every KEEP_ALIVE_S keeps proxies from closing the line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from flask import Response, current_app, render_template, request

from sync_server.gateway.refusals import Impossible
from sync_server.web.console import console, view
from sync_server.web.console.pages import read_card
from sync_server.web.feed import Feed, Full, Snapshot

KEEP_ALIVE_S = 10
TERMINALS_PERIOD_S = 1.5
STREAM_LIFE_S = 3600


@console.get("/events")
def events():
    """An endless text/event-stream; 503 when too many pages are open."""
    desk = current_app.extensions["desk"]
    place = desk.feed.place()
    try:
        place.__enter__()
    except Full as error:
        return Response(f"{error}\n", 503, mimetype="text/plain", headers={"Retry-After": "10"})
    gone = request.environ.get("waitress.client_disconnected", lambda: False)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    environ, card = request.environ, read_card(request.args.get("card"))

    def news(shown: Shown, snapshot: Snapshot) -> str:
        # The request's context (its language) only while rendering: a stream outlives it.
        with app.request_context(environ):
            return shown.news(snapshot, desk.orders, card)

    answer = Response(_stream(desk.feed, news, gone), mimetype="text/event-stream")
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(lambda: place.__exit__(None, None, None))
    return answer


def _event(name: str, html: str) -> str:
    lines = [line.strip() for line in html.splitlines() if line.strip()]
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in lines) + "\n"


def _stream(
    feed: Feed, news: Callable[[Shown, Snapshot], str], gone: Callable[[], bool]
) -> Iterator[str]:
    yield "retry: 2000\n\n"
    ends_s = time.monotonic() + STREAM_LIFE_S
    seen = None
    shown = Shown()
    quiet_since_s = time.monotonic()
    while time.monotonic() < ends_s and not gone():
        snapshot = feed.snapshot()
        if snapshot is not seen or shown.owes_terminals:
            seen = snapshot
            text = news(shown, snapshot)
            if text:
                quiet_since_s = time.monotonic()
                yield text
        if time.monotonic() - quiet_since_s > KEEP_ALIVE_S:
            quiet_since_s = time.monotonic()
            yield ": still here\n\n"
        if not feed.pause():
            return


class Shown:
    """What one stream has sent, so that it sends only what changed."""

    def __init__(self) -> None:
        self.owes_terminals = False
        self._parts: dict[str, str] = {}
        self._taps: dict[str, view.TapLine] = {}
        self._terminals_s = 0.0

    def news(self, snapshot: Snapshot, orders, card: int | None) -> str:
        """The events that bring the page to `snapshot`, or an empty text."""
        totals = render_template("_totals.html", totals=view.totals(snapshot.status))
        out = self._changed("totals", totals)
        rows = view.taps(snapshot.taps)
        fresh = [row for row in rows if self._taps.get(row.mark) != row]
        if fresh:
            self._taps = {row.mark: row for row in rows}
            out += _event("taps", render_template("_taps.html", taps=fresh, fresh=True))
        now_s = time.monotonic()
        self.owes_terminals = now_s - self._terminals_s < TERMINALS_PERIOD_S
        if not self.owes_terminals:
            self._terminals_s = now_s
            lines = view.terminals(snapshot.status)
            glance = render_template("_glance.html", glance=view.glance(snapshot.status))
            out += self._changed("glance", glance)
            html = render_template("_terminals.html", terminals=lines, utc_s=snapshot.utc_s)
            out += self._changed("terminals", html)
            if card is not None:
                out += self._reach(orders, card)
        return out

    def _reach(self, orders, card: int) -> str:
        try:
            reach = view.reach(orders.loss_reach(card))
        except Impossible:
            return ""
        return self._changed("reach", render_template("_reach.html", reach=reach))

    def _changed(self, name: str, html: str) -> str:
        if self._parts.get(name) == html:
            return ""
        self._parts[name] = html
        return _event(name, html)
