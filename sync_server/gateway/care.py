"""Terminals as those see them who care for them: asked by the web.

Rows of the store beside what is connected now, and the alarms that core.alarms makes of both.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sync_server.core import alarms
from sync_server.gateway import looks
from sync_server.gateway.push import BLACKLIST
from sync_server.gateway.refusals import Impossible

if TYPE_CHECKING:
    from sync_server.gateway.service import Gateway

_TAPS, _EVENTS = 40, 30


class Care:
    """Part of the orders. do: runs a change in the writer thread."""

    def __init__(self, gateway: Gateway, do: Callable[..., Any]):
        self._gateway = gateway
        self._store = gateway.store
        self._do = do

    def terminals(self, sees: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """-> {version, terminals}: of those that `sees` lets through, as in the status, with
        responsible, alarms [[name, value]], clock_error_s, tears_per_mille"""
        status = looks.terminals(self._gateway)
        version, _, _ = self._store.lists.state(BLACKLIST, 0)
        made_s = self._store.care.version_made(version)
        uploaded, damages = self._store.care.uploaded(), self._store.care.damages()
        missing = self._store.care.missing()
        responsible, rules = self._store.care.responsibles(), self.rules()
        reports = {row["number"]: row for row in self._store.terminals.all()}
        often, barred, told = self._often(), self._store.merchants.barred(), []
        now_s = int(time.time())
        for row in filter(sees, status):
            number = row["number"]
            facts = alarms.Facts(
                row["connected"], row["contact_utc_s"], row["list_version"], version, made_s,
                reports[number]["report"], reports[number]["contact_utc_s"],
                uploaded.get(number), missing.get(number),
                damages.get(number, 0), often.get(number, 0), barred.get(number, 0),
            )  # fmt: skip
            told.append(
                row
                | {
                    "responsible": responsible.get(number, ""),
                    "uploaded_utc_s": uploaded.get(number),
                    "enrolled_utc_s": reports[number]["enrolled_utc_s"],
                    "clock_error_s": alarms.clock_error_s(facts),
                    "tears_per_mille": row["tears"] * 1000 // row["taps"] if row["taps"] else 0,
                    "alarms": [list(one) for one in alarms.raised(rules, facts, now_s)],
                }
            )
        return {"version": version, "version_utc_s": made_s, "terminals": told}

    def terminal(self, number: int, sees: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """-> {version, terminal, taps, events, care, leaves}. Impossible 404 also for those that
        are not for these eyes."""
        told = self.terminals(lambda row: row["number"] == number and sees(row))
        if not told["terminals"]:
            raise Impossible(f"there is no terminal {number}", 404)
        return {
            "version": told["version"],
            "version_utc_s": told["version_utc_s"],
            "terminal": told["terminals"][0],
            "taps": looks.taps(self._store.care.last_records(number, False, _TAPS)),
            "events": [
                {"serial": row["serial"], "reason": row["reason"], "utc_s": row["utc_s"]}
                for row in self._store.care.last_records(number, True, _EVENTS)
            ],
            "care": self._store.care.of(number),
            "leaves": self._store.evidence.leaves(number),
        }

    def _often(self) -> dict[int, int]:
        """terminal -> the most payments of one card in a few minutes, the last of them there."""
        found: dict[int, int] = {}
        for row in self.payments_in_a_row():
            found[row["terminal"]] = max(found.get(row["terminal"], 0), row["n"])
        return found

    def payments_in_a_row(self) -> list[dict[str, Any]]:
        """{terminal, card, utc_s, n} of the last hour."""
        since_s = int(time.time()) - alarms.OFTEN_KEPT_S
        return self._store.care.often(alarms.OFTEN_S, since_s)

    def suspects(self) -> list[dict[str, Any]]:
        """Taps that something is wrong with: copies, altered cards, balances not explained."""
        return looks.taps(self._store.care.suspects(_TAPS))

    def set_responsible(self, number: int, who: str) -> None:
        """Who answers for it."""
        self._do(self._store.care.set_responsible, number, who)

    def note(self, number: int, kind: str, note: str, by: str) -> int:
        """Damage, or a round of inspection. -> id"""
        return self._do(self._store.care.note, number, kind, note, by, int(time.time()))

    def end(self, number: int, care: int, by: str) -> None:
        """A damage was seen to."""
        self._do(self._store.care.end, number, care, by, int(time.time()))

    def rules(self) -> list[alarms.Rule]:
        """Every alarm."""
        return alarms.rules(self._store.care.alarm_rules())

    def set_rule(self, name: str, limit: int, is_on: bool, by: str) -> None:
        """Impossible names what is out of its range."""
        rule = next((rule for rule in self.rules() if rule.name == name), None)
        if rule is None:
            raise Impossible("there is no such alarm", 404)
        if not rule.least <= limit <= rule.most:
            raise Impossible(f"the limit must be {rule.least} to {rule.most}")
        self._do(self._store.care.set_alarm_rule, name, limit, is_on, by, int(time.time()))
