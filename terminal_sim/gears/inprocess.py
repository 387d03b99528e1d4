"""Gear 1: a campus in one process, every event followed by the oracle.

Firmware core on a NOR flash, server core in memory, byte-exact cards, a virtual clock. One seed
draws the workload and the weather (weather.py), troubles at every step of a tap and of a line.
Phase 1 breaks things; phase 2 stops breaking and must converge: queue 0, grey 0, every purse equal
to its card.
What it is not: encryption, sockets, threads; those are gear 2's.

    python -m terminal_sim.gears.inprocess --seed 1 --taps 2000
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter
from typing import Any

from card_layout import keys, sectors
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from firmware.core import layout
from protocol import messages
from protocol.aes import Aes
from terminal_sim.flash import SHAPES, PowerCut
from terminal_sim.gears.line import Line
from terminal_sim.gears.node import Node
from terminal_sim.gears.office import Memory
from terminal_sim.gears.weather import CARD_SHAPES, Weather, happens
from terminal_sim.mifare import MifareClassic
from terminal_sim.oracle import PAID, PASSED, Oracle, Violation
from terminal_sim.prng import Prng

CARDS, POS, GATES = 40, 3, 1
START_FEN = 5_000_000
START_UTC_S = 1_790_000_000
MASTERS = {name: hashlib.sha256(name.encode()).digest()[:16] for name in ("a", "b", "purse")}
STEPS_A_SERVING = 12  # of a line, at most, each time it is served


class Campus:
    """One seed's campus. `run` -> figures; Violation if an invariant does not hold."""

    def __init__(self, seed: int):
        self.seed = seed
        self._draw = Prng(seed)
        self.weather = Weather(self._draw.fork(1))
        self.oracle = Oracle()
        self.counts: Counter[str] = Counter()
        self._utc_s = START_UTC_S
        self.cards = {number: self._card(number) for number in range(1, CARDS + 1)}
        laid = layout.make(1, self.weather.sectors)
        kinds = [messages.POS] * POS + [messages.GATE] * GATES
        self.nodes = [
            Node(number, kind, laid, MASTERS, self.oracle, self.weather.reprogram)
            for number, kind in enumerate(kinds, 1)
        ]
        limit = self.weather.offline_taps
        self.office = Memory(
            {node.number: f"merchant {node.number}" for node in self.nodes},
            dict.fromkeys(self.cards, START_FEN),
            {"offline_taps_per_card": limit, "offline_fen_per_card": limit * 2000},
        )
        parts = (self.office, self.oracle, self.weather, self._draw.fork(2), self.counts)
        self.lines = {node.number: Line(node, *parts) for node in self.nodes}
        self._sync_all()

    def run(self, taps: int) -> dict[str, Any]:
        """Phase 1: `taps` presentations in this weather. Phase 2: all is well; it converges."""
        began_s = time.perf_counter()
        while self.counts["taps"] < taps:
            self._later(self._draw.between(1, 60))
            self._event()
        self._settle()
        spent_s = time.perf_counter() - began_s
        return {
            "seed": self.seed,
            "weather": vars(self.weather),
            "taps": self.counts["taps"],
            "accepted": self.counts[PAID] + self.counts[PASSED],
            **{name: self.counts[name] for name in sorted(self.counts) if name != "taps"},
            "tears": sum(node.tears for node in self.nodes),
            "greys_resolved": self.oracle.resolved + self.office.settled,
            "lost": len(self.oracle.unposted()),
            "doubled": self.oracle.doubled,
            "grey_open": self.office.grey(),
            "invariants_ok": True,  # else a Violation had ended the run
            "checks": self.oracle.checks,
            "digest": self._digest(),
            "taps_per_s": round(self.counts["taps"] / spent_s),
        }

    def _card(self, number: int) -> MifareClassic:
        uid = b"\x5a" + number.to_bytes(3, "big")
        encrypt = [Aes(MASTERS[name]).ecb for name in ("a", "b", "purse")]
        blocks = sectors.personalise(
            Identity(number, 2, 20000, 0, 1, 1), Purse(0, START_FEN, 0, 0), uid, *encrypt
        )
        card = MifareClassic(uid, blocks)
        purse_key = keys.purse_key(encrypt[2], uid)
        self.oracle.add_card(number, uid, purse_key, lambda: (card.block(5), card.block(6)))
        return card

    def _later(self, seconds: int) -> None:
        self._utc_s += seconds
        for node in self.nodes:
            node.utc_s = self._utc_s

    def _event(self) -> None:
        """A sale, or a pass; perhaps the same card elsewhere; then what the weather has."""
        draw, weather = self._draw, self.weather
        node, number = draw.pick(self.nodes), draw.between(1, CARDS)
        self._tap(node, number, draw.between(1, 3000))
        if happens(draw, weather.roams):
            self._tap(draw.pick(self.nodes), number, draw.between(1, 3000))
        if happens(draw, weather.spells):
            down_to_s = self._utc_s + draw.between(60, weather.spell_s)
            self.lines[draw.pick(self.nodes).number].down(down_to_s)
        if happens(draw, weather.losses):
            number = draw.between(1, CARDS)
            self.office.relist(number, number not in self.office.versions[-1])
            self.counts["list_versions"] += 1
        if happens(draw, weather.sync):
            self._serve(draw.pick(self.nodes))

    def _tap(self, node: Node, number: int, amount_fen: int) -> None:
        """One presentation; torn, or cut off, as the weather has it; then the oracle."""
        draw, weather = self._draw, self.weather
        card, line = self.cards[number], self.lines[node.number]
        if happens(draw, weather.tears):
            card.tear_after(draw.between(0, 7), draw.pick(CARD_SHAPES), draw.bytes(16))
            self.counts["card_tears"] += 1
        self._arm(node)
        before = len(self.oracle.cards[number].writes)
        retaps = draw.between(1, 3) if draw.chance(weather.patience, 6) else 0

        def meanwhile():
            if happens(draw, weather.hurry):
                line.step(self._utc_s, in_tap=True)

        try:
            said = node.sell(number, card, amount_fen, retaps, meanwhile)
        except PowerCut:
            self._reboot(node)
            said = self._resume(node, number, amount_fen, before)
        node.flash.cut_after(0)
        card.leave_after(None)  # what did not tear this tap tears no other
        self.oracle.tapped(node.number, number)
        self.counts["taps"] += 1
        self.counts[said or "gone"] += 1

    def _resume(self, node: Node, number: int, amount_fen: int, writes_before: int) -> str | None:
        """Power was cut in a sale: the cashier enters it again, and it must be one sale still.

        Unless it was confirmed and only the screen went dark: that is counted, see the docs.
        """
        self.oracle.tapped(node.number, number)
        if self.oracle.is_confirmed(node.number, number, writes_before):
            self.counts["paid_unseen"] += 1
            return "cut"
        if not node.is_pos or not self._draw.chance(self.weather.patience, 6):
            return "cut"
        self.counts["resumed"] += 1
        card = self.cards[number]
        return node.sell(number, card, amount_fen, 1, writes_before=writes_before)

    def _serve(self, node: Node) -> None:
        """Some steps of a line; power may fail here too."""
        self._arm(node)
        try:
            for _ in range(STEPS_A_SERVING):
                if not self.lines[node.number].step(self._utc_s):
                    break
        except PowerCut:
            self._reboot(node)
        node.flash.cut_after(0)

    def _arm(self, node: Node) -> None:
        if happens(self._draw, self.weather.cuts):
            node.flash.cut_after(self._draw.between(1, 4), self._draw.pick(SHAPES))

    def _reboot(self, node: Node) -> None:
        """Power was cut; it comes back."""
        self.counts["power_cuts"] += 1
        node.flash.cut_after(0)
        self.lines[node.number].drop()
        node.boot()
        node.look_at_list(self.office.versions)

    def _settle(self) -> None:
        """Phase 2: lost cards are found, every card pays once, everything arrives."""
        for number in sorted(self.office.versions[-1]):
            self.office.relist(number, False)  # found again: only a card that pays ends its greys
        self._sync_all()
        for number, card in self.cards.items():
            said = self.nodes[number % POS].sell(number, card, 1, 1)
            if said != PAID:
                raise Violation("I2", f"all is well, and card {number} hears {said}")
        self._sync_all()
        waiting = {node.number: node.terminal.journal.queue for node in self.nodes}
        if any(waiting.values()):
            raise Violation("I3", f"records that were never taken: {waiting}")
        if self.office.grey():
            raise Violation("I2", f"{self.office.grey()} grey records stay open")
        if self.office.faults:
            raise Violation(
                "I3", f"the server found faults in honest records: {self.office.faults}"
            )
        if {node.terminal.blacklist.version for node in self.nodes} != {self.office.newest}:
            raise Violation("I6", "not every terminal has the newest list")
        self.oracle.settled(self.office.purse_fen, self.office.received())

    def _sync_all(self) -> None:
        for _ in range(3):  # reports show what came of the first round
            self._later(31)
            for node in self.nodes:
                while self.lines[node.number].step(self._utc_s, calm=True):
                    pass

    def _digest(self) -> str:
        """Over every byte of flash and cards, and every row of the ledger."""
        digest = hashlib.sha256()
        for node in self.nodes:
            digest.update(node.flash.read(0, node.flash.size))
        for card in self.cards.values():
            digest.update(card.dump())
        for row in self.office.rows:
            digest.update(f"{row}\n".encode())
        return digest.hexdigest()


def main() -> None:
    """Print the weather first, the figures, and last the command that repeats them."""
    options = argparse.ArgumentParser(description="A campus in one process, checked every event.")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--taps", type=int, default=2000)
    given = options.parse_args()
    campus = Campus(given.seed)
    print(json.dumps({"seed": given.seed, "weather": vars(campus.weather)}))
    print(json.dumps(campus.run(given.taps), indent=1))
    print(f"python -m terminal_sim.gears.inprocess --seed {given.seed} --taps {given.taps}")


if __name__ == "__main__":
    main()
