"""Gear 1: a campus in one process, every event followed by the oracle.

Firmware core on a NOR flash, server core in memory, byte-exact cards, a virtual clock. One seed
draws the workload and the weather: how long links are down, how many requests and answers are lost
or doubled, how often cards are torn and power is cut, or nothing at all. Phase 1 breaks things;
phase 2 stops breaking and must converge: queue 0, grey 0, every purse equal to its card.
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
from terminal_sim.gears.node import Node
from terminal_sim.gears.office import Memory
from terminal_sim.mifare import MifareClassic
from terminal_sim.oracle import PAID, Oracle, Posting, Violation
from terminal_sim.prng import Prng

CARDS, POS, GATES = 40, 3, 1
START_FEN = 5_000_000
LAYOUT = layout.make(1, 4)
START_UTC_S = 1_790_000_000
TEARS = ("none", "half", "all", "random", 6, 12, 15)
MASTERS = {name: hashlib.sha256(name.encode()).digest()[:16] for name in ("a", "b", "purse")}


class Weather:
    """What this seed's campus has to live with; chances are 1 in n, 0 never."""

    def __init__(self, draw: Prng):
        self.sync = draw.pick((2, 4, 20, 200))
        self.lost = draw.pick((0, 3, 10, 50))
        self.doubled = draw.pick((0, 4, 20))
        self.tears = draw.pick((0, 5, 20, 100))
        self.cuts = draw.pick((0, 15, 60, 300))
        self.losses = draw.pick((0, 30, 200))


class Campus:
    """One seed's campus. `run` -> figures; Violation if an invariant does not hold."""

    def __init__(self, seed: int):
        self._draw = Prng(seed)
        self.weather = Weather(self._draw.fork(1))
        self.oracle = Oracle()
        self.counts: Counter[str] = Counter()
        self._utc_s = START_UTC_S
        self.cards = {number: self._card(number) for number in range(1, CARDS + 1)}
        kinds = [messages.POS] * POS + [messages.GATE] * GATES
        self.nodes = [
            Node(number, kind, LAYOUT, MASTERS, self.oracle) for number, kind in enumerate(kinds, 1)
        ]
        self.office = Memory(
            {node.number: f"merchant {node.number}" for node in self.nodes},
            dict.fromkeys(self.cards, START_FEN),
        )
        for node in self.nodes:
            self._sync(node, calm=True)

    def run(self, taps: int) -> dict[str, Any]:
        """Phase 1: `taps` taps in this weather. Phase 2: everyone once more, everything synced."""
        began_s = time.perf_counter()
        for _ in range(taps):
            self._utc_s += self._draw.between(1, 60)
            self._event()
        for card in sorted(self.office.versions[-1]):
            self.office.relist(card, False)  # found again: only a card that pays ends its greys
        for node in self.nodes:
            self._sync(node, calm=True)
        for number in self.cards:
            self._tap(self.nodes[number % POS], number, 1, calm=True)
        for _ in range(3):
            for node in self.nodes:
                self._sync(node, calm=True)
        self._converged()
        spent_s = time.perf_counter() - began_s
        return {
            "weather": vars(self.weather),
            **{name: self.counts[name] for name in sorted(self.counts)},
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

    def _event(self) -> None:
        draw, weather = self._draw, self.weather
        node, card = draw.pick(self.nodes), draw.between(1, CARDS)
        self._tap(node, card, draw.between(1, 3000))
        if _happens(draw, weather.sync):
            self._sync(draw.pick(self.nodes))
        if _happens(draw, weather.losses):
            card = draw.between(1, CARDS)
            self.office.relist(card, card not in self.office.versions[-1])
            self.counts["list_versions"] += 1

    def _tap(self, node: Node, number: int, amount_fen: int, calm: bool = False) -> None:
        """One presentation; torn, or cut off, as the weather has it; then the oracle."""
        draw, weather = self._draw, self.weather
        card = self.cards[number]
        if not calm and _happens(draw, weather.tears):
            card.tear_after(draw.between(0, 7), draw.pick(TEARS), draw.bytes(16))
            self.counts["card_tears"] += 1
        if not calm and _happens(draw, weather.cuts):
            node.flash.cut_after(draw.between(1, 4), draw.pick(SHAPES))
        try:
            said = node.tap(card, amount_fen, self._utc_s, patient=calm or draw.chance(1, 2))
        except PowerCut:
            self.counts["power_cuts"] += 1
            node.reboot()
            said = None
        node.flash.cut_after(0)
        card.come_back()
        self.counts["taps"] += 1
        self.counts[said or "nothing"] += 1
        self.oracle.tapped(node.number, number, said)
        if calm and said == PAID:
            self.counts["calm_paid"] += 1

    def _sync(self, node: Node, calm: bool = False) -> None:
        """One session until there is nothing to say or the line breaks."""
        draw, weather = self._draw, self.weather
        node.open(self._utc_s)
        for _ in range(200):
            body = node.ask(self._utc_s)
            if body is None:
                break
            if not calm and _happens(draw, weather.lost):
                return node.close(self._utc_s)  # the request never came
            reply = self._serve(node, body)
            if not calm and _happens(draw, weather.doubled):
                self._serve(node, body)
                self.counts["doubled_requests"] += 1
            if not calm and _happens(draw, weather.lost):
                return node.close(self._utc_s)  # the answer never came
            node.told(body, reply, self._utc_s)
        body = self.office.push(node.number)
        if body is not None:
            version = self.office.pushed(node.number, node.pushed(body, self._utc_s))
            if version is not None:
                held = {card for card in self.cards if node.terminal.blacklist.has(card)}
                self.oracle.confirmed_list(node.number, held, set(self.office.versions[version]))
        if not calm and draw.chance(1, 2):
            node.close(self._utc_s)
        return None

    def _serve(self, node: Node, body: bytes) -> bytes:
        reply, transfers = self.office.serve(node.number, body)
        for transfer in transfers:
            if transfer.giver[0] != "purse":
                raise Violation("I3", f"an honest card was booked from {transfer.giver}")
            posting = Posting(
                int(transfer.giver[1]), transfer.terminal, transfer.serial, transfer.amount_fen
            )
            self.oracle.booked(posting, self.office.sum_fen())
        return reply

    def _converged(self) -> None:
        waiting = {node.number: node.terminal.journal.queue for node in self.nodes}
        if any(waiting.values()):
            raise Violation("I3", f"records that were never taken: {waiting}")
        if self.office.grey():
            raise Violation("I2", f"{self.office.grey()} grey records stay open")
        if self.office.faults:
            raise Violation(
                "I3", f"the server found faults in honest records: {self.office.faults}"
            )
        self.oracle.settled(self.office.purse_fen)

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for node in self.nodes:
            digest.update(node.flash.read(0, node.flash.size))
        for card in self.cards.values():
            digest.update(card.dump())
        for account, fen in sorted(self.office.balances.items()):
            digest.update(f"{account} {fen}\n".encode())
        return digest.hexdigest()


def _happens(draw: Prng, one_in: int) -> bool:
    return bool(one_in) and draw.chance(1, one_in)


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
