"""Gear 1: a campus in one process, every event followed by the oracle.

Firmware core on a NOR flash, server core in memory, byte-exact cards, a virtual clock. It plays
what `scenario` has drawn from the seed. Phase 1 breaks things; phase 2 (`settling`) stops breaking
and must converge: queue 0, grey 0, every purse equal to its card.
What it is not: sockets, threads, processes; those are gear 2's.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from firmware.core import layout
from protocol import messages
from terminal_sim import scenario
from terminal_sim.flash import PowerCut
from terminal_sim.gears import held, population, quick, settling
from terminal_sim.gears.clones import Clone
from terminal_sim.gears.line import Line, told
from terminal_sim.gears.node import Node
from terminal_sim.gears.office import Memory, State
from terminal_sim.gears.sealed import Sealed
from terminal_sim.oracle import PAID, PASSED, Oracle
from terminal_sim.pocket import Pocket
from terminal_sim.weather import Weather

_STEPS_AT_START = 60  # until a new terminal has all that it needs
_STEPS_A_BROWNOUT = 6  # that a line has between two cuts


class Campus:
    """One seed's campus. `run` -> figures; Violation if an invariant does not hold.

    record: what the terminals are told is on their tapes.
    """

    COPY = 1 << 24  # copy n of card c is known as c + n * COPY

    def __init__(self, seed: int, weather: Weather | None = None, record: bool = False):
        self.seed = seed
        score = scenario.draw(seed, 0, weather)
        self.weather = score.weather
        self.oracle = Oracle()
        self.counts: Counter[str] = Counter()
        self.utc_s = scenario.START_UTC_S
        self.cards = {
            number: population.issue(number, holder, scenario.START_FEN, seed, self.oracle)
            for number, holder in enumerate(score.credentials, 1)
        }
        self.is_phone = [holder == scenario.CODE for holder in (None, *score.credentials)]
        laid = layout.make(1, self.weather.sectors)
        self.nodes = [
            Node(number, kind, laid, population.MASTERS, self.oracle, self.weather.reprogram)
            for number, kind in enumerate(score.kinds, 1)
        ]
        for node in self.nodes:
            node.server = self._asked
        for node in self.nodes if record else ():
            node.record()
        limit = self.weather.offline_taps
        self.oracle.caps = limit, limit * 2000
        self.office = Memory(
            {node.number: f"merchant {node.number}" for node in self.nodes},
            dict.fromkeys(self.cards, score.start_fen),
            {
                "offline_taps_per_card": limit,
                "offline_fen_per_card": limit * 2000,
                "code_issuers": population.ISSUER.parameter,
            },
            {
                number: population.tac_key(number)
                for number, holder in enumerate(score.credentials, 1)
                if holder == scenario.CPU
            },
        )
        self.later(0)
        parts = self.office, self.oracle, self.counts, self._server_died
        made = Sealed if self.weather.sealed else Line
        self.lines = {node.number: made(node, *parts) for node in self.nodes}
        self.clones: list[Clone] = []
        self._images: dict[int, bytes] = {}  # of copies, as they were made
        self._backup: State | None = None
        self.deep_restores = False  # also those from which records do not come back
        self._forks = 0  # that somebody has seen to
        settling.sync(self)

    def run(
        self, taps: int, progress: Callable[[int], object] = lambda taps: None
    ) -> dict[str, Any]:
        """Phase 1: `taps` presentations in this weather. Phase 2: all is well; it converges."""
        began_s = time.perf_counter()
        with quick.primitives():
            for event in scenario.draw(self.seed, taps, self.weather).events:
                self.play(event)
            settling.settle(self)
        return settling.figures(self, time.perf_counter() - began_s)

    def play(self, event: scenario.Event) -> None:
        """One event, and what the oracle says to it."""
        _PLAYS[type(event)](self, event)

    def later(self, seconds: int) -> None:
        """Time goes by, everywhere."""
        self.utc_s += seconds
        self.office.utc_s = self.utc_s
        for node in self.nodes:
            node.utc_s = self.utc_s

    def _asked(self, body: bytes) -> bytes:
        """What a tap asks the server: a card that is found again loses its mark, a phone has what
        the ledger says."""
        kind, values, uid = messages.decode(body)
        if kind == messages.BALANCE:
            return self.office.serve(0, body)[0] or b""
        number = int.from_bytes(uid[1:], "big") if uid else values.card
        op, block = messages.NOTHING, b""
        if number not in self.office.versions[-1]:
            op = messages.IDENTITY if uid else messages.FREE
            block = population.identity_block(number)
        return messages.encode(messages.GRANT, (values.card, 0, op, 0), block)

    # what happens

    def _play_later(self, event: scenario.Later) -> None:
        self.later(event.seconds)

    def _tap(self, event: scenario.Tap) -> None:
        """One presentation; torn, or cut off; then the oracle."""
        copy = 0 if self.is_phone[event.card] else event.copy
        node, number = self.nodes[event.terminal - 1], event.card + copy * self.COPY
        card, line = self.cards[number], self.lines[event.terminal]
        if event.tear:
            self.counts["card_tears"] += held.tear(card, *event.tear)
        self._arm(node, event.cut)
        before = len(self.oracle.cards[number].writes)
        try:
            said = node.sell(number, card, event.amount_fen, event.retaps, line.step, event.hurry)
        except PowerCut:
            self._reboot(node)
            said = self._resume(node, event, number, before)
        self._disarm(node)
        held.calm(card)
        self.oracle.tapped(node.number, number)
        self.counts["taps"] += 1
        self.counts[said or "gone"] += 1
        self.counts["code_taps"] += self.is_phone[event.card]
        if copy:
            self.counts["forged_taps"] += 1
        self._see_to_forks()

    def _resume(self, node: Node, event: scenario.Tap, number: int, before: int) -> str | None:
        """Power was cut in a sale: the cashier enters it again, and it must be one sale still.

        Where it was confirmed and only the screen went dark, the till asks before it takes more.
        """
        self.oracle.tapped(node.number, number)
        if self.oracle.is_confirmed(node.number, number, before):
            self.counts["paid_unseen"] += 1
        if not node.is_pos or not event.resumes:
            return "cut"
        self.counts["resumed"] += 1
        return node.sell(number, self.cards[number], event.amount_fen, 1, writes_before=before)

    def _again(self, event: scenario.Again) -> None:
        """A screenshot of the code that a phone showed last, where somebody likes to try it."""
        self.later(event.seconds)
        phone = self.cards[event.card]
        if not isinstance(phone, Pocket) or phone.last is None:
            return
        node, shot = self.nodes[event.terminal - 1], held.Screenshot(phone)
        said = node.sell(event.card, shot, event.amount_fen, 0)
        self.counts["screenshots"] += 1
        self.counts["screenshots_taken"] += said in (PAID, PASSED)
        self._see_to_forks()

    def _serve(self, event: scenario.Serve) -> None:
        """Some steps of a line; power may fail here too."""
        node, line = self.nodes[event.terminal - 1], self.lines[event.terminal]
        self._arm(node, event.cut)
        try:
            for _ in range(event.steps):
                if not line.step(event.whole):
                    break
        except PowerCut:
            self._reboot(node)
        self._disarm(node)
        self._see_to_forks()

    def _link(self, event: scenario.Link) -> None:
        self.lines[event.terminal].trouble(event.fault, event.messages, event.noise)

    def _down(self, event: scenario.Down) -> None:
        self.lines[event.terminal].down(self.utc_s + event.seconds)

    def _loss(self, event: scenario.Loss) -> None:
        self.office.relist(event.card, event.listed)
        self.counts["list_versions"] += 1

    def _server(self, event: scenario.Server) -> None:
        if event.fault == "backup":
            self._backup = self.office.backup()
        elif event.fault == "restore":
            self._restore()
        elif event.fault == "restart":
            self.office.restart()
            self.counts["server_restarts"] += 1
            self._server_died()
        else:
            self.office.trouble(event.fault, event.n)

    def _restore(self) -> None:
        """The server comes back as it was, if the terminals still have what it lacks then."""
        state, self._backup = self._backup, None
        if state is None:
            return
        highest = {number: place.highest for number, place in state.known.places.items()}
        if not self.deep_restores and not self.oracle.still_has(highest):
            self.counts["restores_too_old"] += 1
            return
        self.office.restore(state)
        rows = {(row.terminal, row.serial) for row in self.office.rows}
        postings = [told(row) for row in self.office.rows]
        self.oracle.restored(rows, [posting for posting, is_unnamed in postings if is_unnamed])
        self.counts["restores"] += 1
        self._server_died()

    def _clock(self, event: scenario.Clock) -> None:
        node = self.nodes[event.terminal - 1]
        if event.fault == "jump":
            node.clock_off_s += event.seconds
        elif event.fault == "drift":
            node.drift_s_a_day = event.seconds
        else:
            node.set_clock(event.seconds)
        self.counts["clock_faults"] += 1

    def _brownout(self, event: scenario.Brownout) -> None:
        """Power comes and goes: what a boot and a line get done in between is cut off."""
        node, line = self.nodes[event.terminal - 1], self.lines[event.terminal]
        self._reboot(node)
        for cut in event.cuts:
            self._arm(node, cut)
            try:
                node.boot()
                for _ in range(_STEPS_A_BROWNOUT):
                    line.step()
            except PowerCut:
                self.counts["cuts_in_recovery"] += 1
            self._reboot(node)

    def _copy(self, event: scenario.Copy) -> None:
        """Somebody copies a card as it is now."""
        key = event.card + event.copy * self.COPY
        card = held.copied(self.cards[event.card], key)
        if card is None:
            return
        self.cards[key], self._images[key] = card, held.image(card)
        self.oracle.add_copy(key, event.card, held.witness(card))
        self.counts["copies"] += 1

    def _rollback(self, event: scenario.Rollback) -> None:
        key = event.card + event.copy * self.COPY
        if key not in self._images:
            return
        held.write_back(self.cards[key], self._images[key])
        self.oracle.cards[key].rolled_back()
        self.counts["rollbacks"] += 1

    def _burn(self, event: scenario.Burn) -> None:
        """A terminal burns; a technician puts a flash in and waits until it has met the server."""
        node, line = self.nodes[event.terminal - 1], self.lines[event.terminal]
        self._backup = None  # of another time: who restores it must replace the terminal again
        place = self.office.known.places[node.number]
        before = place.highest
        line.replaced()
        node.burnt()
        transfers = self.office.replaced(node.number)
        self.oracle.burnt(node.number, before, place.used + 1)
        line.book(transfers)
        for _ in range(_STEPS_AT_START):
            if not line.step():
                self.later(2)
        self.counts["burnt"] += 1

    def _wrong_key(self, event: scenario.WrongKey) -> None:
        self.lines[event.terminal].forge(event.noise)
        self.counts["wrong_keys"] += self.weather.sealed

    def _clone(self, event: scenario.Clone) -> None:
        self.clones.append(Clone(self, event, 1 + len(self.clones)))
        self.counts["clones"] += 1

    # power and sessions

    def _arm(self, node: Node, cut: scenario.Cut | None) -> None:
        if cut and cut.where == "card":
            node.cut_at_card(cut.n)
        elif cut:
            node.cut_flash(cut.n, cut.shape, cut.noise)

    def _disarm(self, node: Node) -> None:
        node.cut_flash(0)
        node.cut_at_card(0)

    def _reboot(self, node: Node) -> None:
        """Power was cut; it comes back."""
        self.counts["power_cuts"] += 1
        self._disarm(node)
        self.lines[node.number].power_cut()
        node.boot()
        node.look_at_list(self.office.ever)

    def _server_died(self) -> None:
        for line in self.lines.values():
            line.server_gone()

    def _see_to_forks(self) -> None:
        """Cards that the server has flagged as copied are listed."""
        if len(self.office.forks) == self._forks:
            return
        self._forks = len(self.office.forks)
        for terminal, serial in sorted(self.office.forks):
            card = self.office.card_of(terminal, serial)
            if card not in self.office.versions[-1]:
                self.office.relist(card, True)


_PLAYS: dict[type, Callable[[Campus, Any], None]] = {
    scenario.Later: Campus._play_later,
    scenario.Tap: Campus._tap,
    scenario.Again: Campus._again,
    scenario.Serve: Campus._serve,
    scenario.Link: Campus._link,
    scenario.Down: Campus._down,
    scenario.Loss: Campus._loss,
    scenario.Server: Campus._server,
    scenario.Clock: Campus._clock,
    scenario.Brownout: Campus._brownout,
    scenario.Copy: Campus._copy,
    scenario.Rollback: Campus._rollback,
    scenario.Clone: Campus._clone,
    scenario.WrongKey: Campus._wrong_key,
    scenario.Burn: Campus._burn,
}
