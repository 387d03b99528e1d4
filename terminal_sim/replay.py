"""Records of the past through real firmware and a real server: every row becomes a tap.

One world process: a card is one object that is at one reader at a time, so rows of a card keep
their order over all places and rows of a place keep theirs. What the screens said is compared,
record by record, with what the server has at the end; balances in the cards' memory with its
ledger.
The terminals' clocks are the world's: each shows the time of the row it serves. Offline caps are
set wide, because the system that made these records had none.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from terminal_sim import draw, fleet
from terminal_sim.audit import Said, compare
from terminal_sim.fleet import Fleet, Place
from terminal_sim.mifare import MifareClassic
from terminal_sim.plan import RESERVE_FEN, WATER, Plan
from terminal_sim.records import Row
from terminal_sim.server import ServerProblem, ServerProcess

VALID_UNTIL = "2037-12-31"
STUDENT = 2
UPLOAD_WAIT_S = 120
GRANTS_WAIT_S = 60
SERVER_IS_DOWN_S = 0.5
UNITS_A_S = 100
WIDE = {
    "tap_limit_fen": 1_000_000,
    "offline_hours": 8760,
    "offline_taps_per_card": 255,
    "offline_fen_per_card": 1_000_000,
    "offline_list_age_h": 1092,
    "reserve_fen": RESERVE_FEN,
    "most_units": 2000,
}


class Card(NamedTuple):
    """A person's card: its number and itself."""

    number: int
    body: MifareClassic


class Replay:
    """One run of a plan. progress(taps done) is called now and then."""

    def __init__(
        self,
        plan: Plan,
        server: ServerProcess,
        folder: Path,
        terminals: int = 0,
        kill_server_at: int = 0,
        progress: Callable[[int], None] = lambda done: None,
    ):
        self._plan = plan
        self._server = server
        self._folder = folder
        self._terminals = terminals
        self._kill_at = kill_server_at
        self._progress = progress
        self._killing: asyncio.Task[None] | None = None
        self._cards: dict[str, Card] = {}
        self._said: list[Said] = []
        self._sessions = 0  # of valves: each is three records
        self._turn: defaultdict[str, asyncio.Event | None] = defaultdict(lambda: None)

    async def run(self) -> dict[str, Any]:
        """Do it all. -> the figures of design.md, and what differs. ServerProblem, TimeoutError."""
        self._server.call("PUT", "/api/params", WIDE | {"grants_only": 1})
        self._issue()
        async with Fleet(self._server, self._folder) as made:
            work = self._deal(made)
            await made.ready()
            started_s = time.monotonic()
            await asyncio.gather(*[self._serve(place, rows) for place, rows in work])
            tapped_s = time.monotonic() - started_s
            status = await self._uploaded()
            wall_s = time.monotonic() - started_s
            reports = [place.terminal.stop() for place in made.places]
        times = {
            "taps_per_s": round(len(self._said) / tapped_s, 1),
            "wall_s": round(wall_s, 2),
        }
        return self._figures(status, reports) | times

    def _issue(self) -> None:
        """A card for each person, with what it will need."""
        plan = self._plan
        wishes = [
            {
                "holder_kind": STUDENT,
                "name": f"replayed {index}",
                "uid": (b"\x5a" + index.to_bytes(3, "big")).hex(),
                "valid_until": VALID_UNTIL,
                "zones": 1,
                "balance_fen": plan.needs_fen[person],
            }
            for index, person in enumerate(plan.persons)
        ]
        for person, wish, (number, blocks) in zip(
            plan.persons, wishes, self._server.issue(wishes), strict=True
        ):
            body = MifareClassic(bytes.fromhex(str(wish["uid"])), blocks)
            self._cards[person] = Card(number, body)

    def _deal(self, made: Fleet) -> list[tuple[Place, list[tuple[Row, Any, Any]]]]:
        """Start the terminals and give each its rows, each row with whom it waits for."""
        kind = "gate" if self._plan.kind == "gate" else "pos"
        spread: dict[str, list[Place]] = {}
        spare = max(0, self._terminals - len(self._plan.rows)) if kind == "pos" else 0
        busiest = sorted(self._plan.rows, key=lambda name: -len(self._plan.rows[name]))
        for name, rows in self._plan.rows.items():
            count = 1 + sum(1 for n in range(spare) if busiest[n % len(busiest)] == name)
            here = "water" if name in WATER else kind
            spread[name] = [made.add(here, name, name, rows[0].utc_s) for _ in range(count)]
        work: dict[int, list] = {place.number: [] for place in made.places}
        order = sorted((row.line, row) for rows in self._plan.rows.values() for row in rows)
        seen: defaultdict[str, int] = defaultdict(int)
        for _, row in order:
            place = spread[row.place][seen[row.place] % len(spread[row.place])]
            seen[row.place] += 1
            before, after = self._turn[row.person], asyncio.Event()
            self._turn[row.person] = after
            work[place.number].append((row, before, after))
        return [(place, work[place.number]) for place in made.places]

    async def _serve(self, place: Place, rows) -> None:
        """One terminal, row after row."""
        granted: set[str] | None = None
        for row, before, after in rows:
            if before is not None:
                await before.wait()
            wanted = self._plan.grants.get((row.place, row.day))
            if wanted is not None and wanted != granted:
                await self._grant(place, wanted)
                granted = wanted
            assert place.terminal.rtc is not None
            place.terminal.rtc.set(row.utc_s)
            card = self._cards[row.person]
            if place.kind == "water":
                said = await self._draw(place, card.body, row.amount_fen)
            elif row.amount_fen:
                said = await fleet.pay(place.terminal, card.body, row.amount_fen)
            else:
                said = await fleet.present(place.terminal, card.body)
            self._said.append(Said(row.line, place.number, card.number, row, said))
            after.set()
            self._done()

    async def _draw(self, place: Place, body: MifareClassic, fen_: int) -> str:
        """A unit costs a fen; what flowed is what the file says, or the row differs."""
        self._sessions += 1
        assert place.terminal.plumbing is not None
        place.terminal.plumbing.pipe.units_a_s = UNITS_A_S
        units = await draw.shower(place.terminal, body, fen_)
        return fleet.ACCEPTED if units == fen_ else fleet.REFUSED

    def _done(self) -> None:
        done = len(self._said)
        if done % 50 == 0:
            self._progress(done)
        if done == self._kill_at:
            self._killing = asyncio.create_task(self._kill())

    async def _kill(self) -> None:
        """The server room goes dark; terminals go on; it comes back."""
        self._server.kill()
        await asyncio.sleep(SERVER_IS_DOWN_S)
        await asyncio.to_thread(self._server.start)

    async def _grant(self, place: Place, persons: set[str]) -> None:
        """This gate's list of the day; goes on when the terminal has it. TimeoutError."""
        cards = sorted(self._cards[person].number for person in persons)
        path = f"/api/terminals/{place.number}/grants"
        made = await self._ask("PUT", path, {"cards": cards})
        ends_s = time.monotonic() + GRANTS_WAIT_S
        while (await self._ask("GET", path))["confirmed"] < made["version"]:
            if time.monotonic() > ends_s:
                raise TimeoutError(f"{place.name} has not confirmed its rights")
            await asyncio.sleep(0.01)

    async def _ask(self, method: str, path: str, body: dict | None = None) -> dict:
        """A call of the API; one that the killing cut off is made again when the server is back."""
        was_back = self._killing is not None and self._killing.done()
        try:
            return await asyncio.to_thread(self._server.call, method, path, body)
        except ServerProblem:
            if self._killing is None or was_back:
                raise
        await self._killing
        return await asyncio.to_thread(self._server.call, method, path, body)

    async def _uploaded(self) -> dict[str, Any]:
        """Wait until the server has a record of every tap. -> its status. TimeoutError."""
        if self._killing:
            await self._killing
        ends_s = time.monotonic() + UPLOAD_WAIT_S
        status = await self._ask("GET", "/api/status")
        wanted = len(self._said) + 2 * self._sessions
        while status["records"] < wanted:
            if time.monotonic() > ends_s:
                behind = [t["place"] for t in status["terminals"] if t["queue"]]
                raise TimeoutError(
                    f"{status['records']} of {wanted} records came; "
                    f"still waiting for {', '.join(behind) or 'nobody'}"
                )
            await asyncio.sleep(0.1)
            status = await self._ask("GET", "/api/status")
        return status

    def _figures(self, status: dict[str, Any], reports: list[dict]) -> dict[str, Any]:
        numbers = sorted({said.terminal for said in self._said})
        records = {number: self._server.records(number) for number in numbers}
        ledger = self._server.call("GET", "/api/ledger")
        balances = {card.number: _balance_fen(card.body) for card in self._cards.values()}
        figures = compare(self._said, records, ledger, balances)
        expected = {
            contradiction.line: contradiction for contradiction in self._plan.contradictions
        }
        differ = [
            said.line for said in self._said if (said.what == fleet.ACCEPTED) != said.row.accepted
        ]
        current = status["list_version"]
        behind = [t["number"] for t in status["terminals"] if t["list_version"] != current]
        # a terminal that did not report at its end counts as one with records left
        queue = sum(report.get("queue", 1) for report in reports)
        figures["invariants_ok"] = figures["invariants_ok"] and not queue and not behind
        return figures | {
            "terminals": len(numbers),
            "records_left": queue,
            "terminals_with_an_old_list": behind,
            "contradictions": [list(expected[line]) for line in sorted(expected)],
            "rows_that_differ": sorted(differ),
            "unexplained": sorted(set(differ) - set(expected)),
            "heap_live_peak_bytes": max(
                (report.get("heap_live_peak_bytes", 0) for report in reports), default=0
            ),
        }


def _balance_fen(card: MifareClassic) -> int:
    """What a card really holds: the balance of the purse block with the higher counter."""
    blocks = [card.block(5), card.block(6)]
    newest = max(blocks, key=lambda block: block[:3])
    return int.from_bytes(newest[3:6], "big")
