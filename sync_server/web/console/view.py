"""Rows of the server as lines of the page: words, money, times. Pure; no request, no store.

Times are shown on the campus clock (UTC + CAMPUS_OFFSET_MIN), whatever the visitor's own is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from protocol import reasons

CAMPUS_OFFSET_MIN = 480
MISSING_SHOWN = 12
ALARM_S = 3600  # so long the last one stands at the head of the page
KIND_WORDS = {"pos": _l("POS"), "gate": _l("Gate"), "water": _l("Water")}
TYPE_WORDS = {
    "purchase": _l("Paid"),
    "pass": _l("Passed"),
    "reversal": _l("Reversed"),
    "load": _l("Loaded"),
    "reserve": _l("Reserved"),
    "settle": _l("Settled"),
    "event": _l("Event"),
}


def money(fen: int) -> str:
    """1250 -> "12.50", with groups of three."""
    yuan, rest = divmod(abs(fen), 100)
    return f"{'−' if fen < 0 else ''}{yuan:,}.{rest:02d}"


def count(number: int) -> str:
    """12345 -> "12,345"."""
    return f"{number:,}".replace("-", "−")


def clock(utc_s: int | None, now_s: int) -> str:
    """Hours and seconds today, month and day before; a dash for an unset clock."""
    if not utc_s:
        return "–"
    local = time.gmtime(utc_s + CAMPUS_OFFSET_MIN * 60)
    same_day = local[:3] == time.gmtime(now_s + CAMPUS_OFFSET_MIN * 60)[:3]
    return time.strftime("%H:%M:%S" if same_day else "%m-%d %H:%M", local)


def date_clock(utc_s: int | None) -> str:
    """The whole moment, for paper: it is read in another year."""
    if not utc_s:
        return "–"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(utc_s + CAMPUS_OFFSET_MIN * 60))


def age(seconds: int) -> str:
    """A span in its largest fitting unit."""
    seconds = max(seconds, 0)
    if seconds < 60:
        return _("%(n)s s", n=seconds)
    if seconds < 3600:
        return _("%(n)s min", n=seconds // 60)
    if seconds < 86400:
        return _("%(n)s h", n=seconds // 3600)
    return _("%(n)s d", n=seconds // 86400)


def reason_words(code: int) -> str:
    """What happened, in the page's language; an unknown code names itself."""
    english = str(get_locale())[:2] == "en"
    words = reasons.text(code, reasons.EN if english else reasons.ZH)[0]
    return words[:1].upper() + words[1:]


@dataclass
class Figure:
    """One total: `tone` is a CSS class, "" for plain."""

    word: str
    value: str
    tone: str = ""


def totals(status: dict[str, Any]) -> list[Figure]:
    """The strip at the head of the page."""
    ledger_sum = status["ledger_sum"]
    problem = status.get("problem")
    return [
        *([Figure(_("Database takes nothing"), str(problem), "bad")] if problem else []),
        Figure(_("Taps"), count(status["taps"])),
        Figure(_("Accepted"), count(status["accepted"]), "good"),
        Figure(_("Refused"), count(status["refused"]), "bad" if status["refused"] else ""),
        Figure(_("Uploaded"), count(status["uploaded"])),
        Figure(
            _("Quarantined"),
            count(status["quarantined"]),
            "warn" if status["quarantined"] else "",
        ),
        Figure(_("Grey"), count(status["grey"]), "warn" if status["grey"] else ""),
        Figure(_("Ledger sum"), money(ledger_sum), "bad" if ledger_sum else "good"),
        *_amiss(status),
        Figure(_("List version"), count(status["list_version"])),
    ]


def _amiss(status: dict[str, Any]) -> list[Figure]:
    """What is shown only when it is there: after a fire, or an old backup."""
    figures = []
    if status.get("emergency"):
        figures.append(Figure(_("Emergency"), _("in force"), "bad"))
    for alarm in status.get("alarms", ())[:1]:
        if status["utc_s"] - alarm["utc_s"] < ALARM_S:
            words = f"{reason_words(alarm['reason'])} · {alarm['place']}"
            figures.append(Figure(_("Last alarm"), words, "bad"))
    if status.get("unnamed_fen"):
        figures.append(Figure(_("Taken, by nobody named"), money(status["unnamed_fen"]), "warn"))
    if status.get("restored"):
        figures.append(Figure(_("Signs of an old backup"), count(len(status["restored"])), "bad"))
    return figures


def glance(status: dict[str, Any]) -> list[Figure]:
    """How the terminals are as a whole, for a look from across the room."""
    rows = status["terminals"]
    online = sum(row["connected"] for row in rows)
    current = sum(row["list_version"] == status["list_version"] for row in rows)
    queue = sum(row["queue"] or 0 for row in rows)
    return [
        Figure(
            _("Terminals online"), f"{online}/{len(rows)}", "" if online == len(rows) else "warn"
        ),
        Figure(
            _("With the current list"),
            f"{current}/{len(rows)}",
            "" if current == len(rows) else "warn",
        ),
        Figure(_("Records still at terminals"), count(queue), "warn" if queue > 1000 else ""),
    ]


@dataclass
class TerminalLine:
    """One terminal as shown."""

    number: int
    place: str
    kind: str
    connected: bool
    version: str
    behind: bool
    current: int
    contact_utc_s: int | None
    contact: str
    queue: str
    grey: int
    report: str
    firmware: str


def terminals(status: dict[str, Any]) -> list[TerminalLine]:
    """Connected ones that are behind first, then offline, then the rest; by place inside."""
    now_s = int(status["utc_s"])
    lines = [_terminal(row, status["list_version"], now_s) for row in status["terminals"]]
    rank = {(True, True): 0, (False, True): 1, (False, False): 1, (True, False): 2}
    lines.sort(key=lambda line: (rank[line.connected, line.behind], line.place, line.number))
    return lines


def _terminal(row: dict[str, Any], current: int, now_s: int) -> TerminalLine:
    seen_s = row["contact_utc_s"]
    version = row["list_version"]
    if row["reported"]:
        report = _("taps %(taps)s, starts %(boots)s", taps=count(row["taps"]), boots=row["boots"])
    else:
        report = _("no report yet")
    return TerminalLine(
        number=row["number"],
        place=row["place"],
        kind=str(KIND_WORDS.get(row["kind"], row["kind"])),
        connected=row["connected"],
        version=_("none") if version is None else count(version),
        behind=version != current,
        current=current,
        contact_utc_s=seen_s,
        contact=_("never") if seen_s is None else age(now_s - seen_s),
        queue=count(row["queue"]) if row["reported"] else "–",
        grey=row["grey"] or 0,
        report=report,
        firmware=row["firmware"] or "",
    )


@dataclass
class TapLine:
    """One record as shown; `mark` is unique on the page."""

    mark: str
    time: str
    place: str
    kind: str
    card: str
    amount: str
    tone: str
    result: str
    balance: str


def taps(rows: list[dict[str, Any]]) -> list[TapLine]:
    """Newest first, as given."""
    now_s = int(time.time())
    return [_tap(row, now_s) for row in rows]


def _tap(row: dict[str, Any], now_s: int) -> TapLine:
    if row["grey"]:
        tone, result = "warn", _("Not known yet")
    elif row["quarantined"]:
        tone, result = "warn", _("Set aside: %(why)s", why=reason_words(row["quarantined"]))
    elif row["accepted"]:
        tone, result = "good", str(TYPE_WORDS.get(row["type"], row["type"]))
    else:
        tone, result = "bad", reason_words(row["reason"]) if row["reason"] else _("Cancelled")
    balance = row["balance_fen"]
    return TapLine(
        mark=f"{row['terminal']}-{row['serial']}",
        time=clock(row["utc_s"], now_s),
        place=row["place"] or "–",
        kind=str(KIND_WORDS.get(row["kind"], row["kind"])),
        card=str(row["card"]) if row["card"] else "–",
        amount=money(row["amount_fen"]) if row["amount_fen"] else "",
        tone=tone,
        result=result,
        balance="" if balance is None else money(balance),
    )


@dataclass
class Reach:
    """What a holder wants to know: is the card stopped, where, since when, and where not yet."""

    card: int
    waits: bool
    version: int  # of the list that says so last, 0: never listed
    tone: str
    state: str
    said: str
    confirmed: int
    terminals: int
    missing: list[tuple[str, str]]  # the terminal as people call it, and why not yet
    more: int

    @property
    def complete(self) -> bool:
        """Does every terminal have it?"""
        return self.confirmed == self.terminals or not self.version


def reach(row: dict[str, Any]) -> Reach:
    """The answer of Orders.loss_reach in words."""
    now_s = int(time.time())
    is_lost = row["listed"] or row["waits"]
    reported = clock(row["reported_utc_s"], now_s)
    return Reach(
        card=row["card"],
        waits=row["waits"],
        version=row["version"],
        tone="bad" if is_lost else "good",
        state=_("reported lost at %(when)s", when=reported) if is_lost else _("in use"),
        said=_reached(row, now_s),
        confirmed=row["confirmed"],
        terminals=row["terminals"],
        missing=[_straggler(one, now_s) for one in row["missing"][:MISSING_SHOWN]],
        more=max(row["terminals"] - row["confirmed"] - MISSING_SHOWN, 0),
    )


def _reached(row: dict[str, Any], now_s: int) -> str:
    since = clock(row["since_utc_s"], now_s)
    words = {"n": row["confirmed"], "all": row["terminals"], "when": since}
    if not row["version"]:
        return _("This card is in use everywhere.")
    if row["listed"]:
        return _("Stopped on %(n)s of %(all)s terminals since %(when)s", **words)
    return _("Free again on %(n)s of %(all)s terminals since %(when)s", **words)


def _straggler(one: dict[str, Any], now_s: int) -> tuple[str, str]:
    silent_s = one["silent_since_utc_s"]
    if one["connected"]:
        state = _("on its way")
    elif silent_s:
        state = _("silent since %(when)s", when=clock(silent_s, now_s))
    else:
        state = _("never connected")
    return f"{KIND_WORDS.get(one['kind'], one['kind'])} {one['place']}", state
