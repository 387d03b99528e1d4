"""Water that people of the past paid for, drawn once more: rows of a payment file at a valve.

Each row of the places named becomes a session: its amount in units by the tariff, so many units
flow, the tap is turned off, the session ends, the card is settled. At the end the oracle of
`waterworks` must find nothing, and each card's and each place's sum must be the file's, to the fen.

    python -m terminal_sim.gears.water_replay FILE PLACE...
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from protocol import record, tariff
from terminal_sim import records
from terminal_sim.gears.waterworks import Life
from terminal_sim.oracle import Violation
from terminal_sim.pipework import MICRO
from terminal_sim.records import Row

HALF_A_FEN = tariff.pack([(0, tariff.END, 50)])  # so that a unit is not just another word for fen
UNITS_A_S = 100
SYNC_EVERY = 20  # rows


class Place(Life):
    """One valve and its rows, in order of arrival."""

    calm_us = 100_000
    settings: dict[str, Any] = {
        "offline_taps_per_card": 255, "offline_fen_per_card": 1_000_000, "no_flow_s": 5,
        "most_units": 2000, "margin_units": 2, "reserve_fen": 1000, "tariff": HALF_A_FEN,
        "tap_limit_fen": 1_000_000,
    }  # fmt: skip

    def __init__(self, rows: Iterable[Row]):
        self._rows = list(rows)
        persons = list(dict.fromkeys(row.person for row in self._rows))
        self._numbers = {person: n + 1 for n, person in enumerate(persons)}
        self._needs: defaultdict[int, int] = defaultdict(int)
        for row in self._rows:
            self._needs[self._numbers[row.person]] += row.amount_fen
        fens = {number: fen + 2000 for number, fen in self._needs.items()}
        super().__init__(1, Counter(), True, fens)
        self._pipe.units_a_s = UNITS_A_S

    def play(self) -> dict[str, Any]:
        """-> figures. Violation."""
        for done, row in enumerate(self._rows):
            self._row(row)
            if done % SYNC_EVERY == 0:
                self._sync()
        self._finish()
        paid: defaultdict[int, int] = defaultdict(int)
        for close in self._closes().values():
            paid[close.card] += close.amount_fen
        if paid != self._needs:
            raise Violation("water", f"{dict(paid)} was paid, and not {dict(self._needs)}")
        sessions = sum(row[0].type == record.RESERVE for row in self._reserves().values())
        return {
            "rows": len(self._rows),
            "amount_fen": sum(paid.values()),
            "file_fen": sum(row.amount_fen for row in self._rows),
            "cards": len(paid),
            "units": self.figures["units"],
            "sessions": sessions - len(self._cards),  # each card's last one drew nothing
            "records": len(self._office.known.records),
        }

    def _row(self, row: Row) -> None:
        pipe, number = self._pipe, self._numbers[row.person]
        units = tariff.units_for(HALF_A_FEN, row.amount_fen)
        pipe.stops_at = (pipe.flowed // MICRO + units) * MICRO + MICRO // 4
        pipe.tap_open = True
        if not self._present(number):
            raise Violation("water", f"line {row.line}: refused, {self._said[-1:]}")
        while pipe.flowed < pipe.stops_at and self._kind.is_running:  # ends with the reserve
            self._turn()
        self._do(self._terminal.key("*", self._now()))
        while self._kind.is_running:  # ends: nothing flows
            self._turn()
        self._settle(number)

    def _finish(self) -> None:
        self._pipe.tap_open, self._pipe.stops_at = False, None
        super()._finish()


def play(path: str, places: list[str]) -> dict[str, Any]:
    """Place -> figures."""
    rows = records.read(path).rows
    found = {}
    for name in places:
        begin_s = time.monotonic()
        found[name] = Place(row for row in rows if row.place == name).play()
        found[name]["wall_s"] = round(time.monotonic() - begin_s, 1)
    return found


if __name__ == "__main__":
    print(json.dumps(play(sys.argv[1], sys.argv[2:]), ensure_ascii=False, indent=1))
