"""What the server knows, put together for people and programs: rows of the store beside what is
connected now. Only reads; any thread.

What a terminal has of the blacklist is what it said last, in a report or in its answer to a push.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from protocol import emergency, record
from sync_server.gateway.push import BLACKLIST, GRANTS

if TYPE_CHECKING:
    from sync_server.gateway.service import Enrolled, Gateway

ALARMS = 20
MISSING_NAMED = 200
TYPES = {
    record.PURCHASE: "purchase",
    record.PASS: "pass",
    record.REFUSAL: "refusal",
    record.REVERSAL: "reversal",
    record.LOAD: "load",
    record.RESERVE: "reserve",
    record.SETTLE: "settle",
    record.EVENT: "event",
}


def status(gateway: Gateway) -> dict[str, Any]:
    """As docs/api.md lists it."""
    store = gateway.store
    counts = store.records.counts()
    version, _, _ = store.lists.state(BLACKLIST, 0)
    return {
        "utc_s": int(time.time()),
        "list_version": version,
        **counts,
        "uploaded": counts["records"],
        "ledger_sum": store.accounts.sum_fen(),
        "problem": gateway.writer.problem,
        "unnamed_fen": store.accounts.unnamed_fen(),
        "restored": store.restored.signs(),
        "alarms": store.records.alarms(ALARMS),
        "emergency": store.emergencies.now(int(time.time()), emergency.EMERGENCY),
        "terminals": terminals(gateway),
        "gateway": dict(gateway.counts) | {"connections": len(gateway.connections)},
    }


def terminals(gateway: Gateway) -> list[dict[str, Any]]:
    """Each as the status has it."""
    refilling = gateway.store.restored.refilling()
    return [
        _terminal(gateway, row) | {"refilling": row["number"] in refilling}
        for row in gateway.store.terminals.all()
    ]


def _terminal(gateway: Gateway, row: dict[str, Any]) -> dict[str, Any]:
    live = gateway.live.get(row["number"])
    known = gateway.terminals.get(row["number"])
    report = row["report"] or {}
    contact_utc_s = row["contact_utc_s"]
    if live is not None:
        contact_utc_s = gateway.contact_utc_s(live)
    elif known is not None:
        contact_utc_s = known.contact_utc_s or contact_utc_s
    return {
        "number": row["number"],
        "kind": row["kind"],
        "generation": row["generation"],
        "place": row["place"],
        "merchant": row["merchant"],
        "connected": live is not None,
        "list_version": known.held if known is not None else None,
        "contact_utc_s": contact_utc_s,
        "reported": bool(report),
        "queue": report.get("queue", 0),
        "grey": report.get("grey", 0),
        "taps": report.get("taps", 0),
        "tears": report.get("tears", 0),
        "boots": report.get("boots", 0),
        "capacity": report.get("capacity", 0),
        "heap_peak": report.get("heap_peak", 0),
        "clock_trusted": bool(report.get("clock_trusted", 0)),
        "update": gateway.images.progress(row["number"]),
        "firmware": ".".join(str(report[part]) for part in ("major", "minor", "patch"))
        if report
        else "",
    }


def grants(gateway: Gateway, number: int) -> dict[str, int]:
    """Version of a gate's list of rights, and the one the gate holds (0 while it is away)."""
    version, _, _ = gateway.store.lists.state(GRANTS, number)
    live = gateway.live.get(number)
    held = live.hand.has[GRANTS] if live is not None else 0
    return {"version": version, "confirmed": max(held, 0)}


def reach(gateway: Gateway, card: int) -> dict[str, Any]:
    """The card's place on the blacklist and who knows of it. UnknownCard."""
    listed, version, waits = gateway.store.lists.loss_state(card)
    terminals = list(gateway.terminals.values())
    missing = [terminal for terminal in terminals if (terminal.held or 0) < version]
    return {
        "card": card,
        "listed": listed,
        "waits": waits,
        "version": version,
        "terminals": len(terminals),
        "confirmed": len(terminals) - len(missing),
        "connected": len(gateway.live),
        "since_utc_s": gateway.store.lists.confirmed_since(version) if version else None,
        "reported_utc_s": gateway.store.lists.reported_since(card),
        "missing": [_missing(gateway, terminal) for terminal in missing[:MISSING_NAMED]],
    }


def _missing(gateway: Gateway, terminal: Enrolled) -> dict[str, Any]:
    """A terminal that has not confirmed, and since when it says nothing (None: it is connected,
    and the list is on its way)."""
    live = gateway.live.get(terminal.number)
    return {
        "number": terminal.number,
        "kind": terminal.kind,
        "place": terminal.place,
        "connected": live is not None,
        "silent_since_utc_s": None if live is not None else terminal.contact_utc_s,
    }


def taps(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records as taps: what a person wants to know of each."""
    return [_tap(row) for row in rows if row["type"] != record.EVENT]


def _tap(row: dict[str, Any]) -> dict[str, Any]:
    done = row["outcome"] == record.DONE
    refused = row["type"] == record.REFUSAL
    return {
        "terminal": row["terminal"],
        "serial": row["serial"],
        "place": row["place"] or "",
        "kind": row["kind"] or "",
        "utc_s": row["utc_s"],
        "card": row["card"],
        "type": TYPES.get(row["type"], str(row["type"])),
        "amount_fen": row["amount_fen"],
        "accepted": done and not refused,
        "reason": row["reason"],
        # The balance in a void record is one that never came about.
        "balance_fen": row["balance_fen"] if done and row["flags"] & record.PURSE_READ else None,
        "grey": row["outcome"] == record.INTENT,
        "quarantined": row["fault"],
    }
