"""Sessions at a valve or a relay, drawn at random, and an oracle that knows what flowed.

One life is a terminal, its flash, a few cards, a pipe and a server; people come, draw water, pull
their cards, put them back too late; power fails with a word and without, in any flash operation;
the meter's line bounces and catches spikes, the card leaves in a write. After all of it everybody
comes once more, and then:
 - each close is within one unit of what flowed, on the side of the holder as on that of the house
   (two units where power was cut: the one that was just being counted; what flows after the
   cut, while a spring shuts the valve, no terminal can count);
 - every card holds what it began with less what its closes say, to the fen; so does the ledger;
 - every reserve is closed and none is owed: what the ledger has reserved is 0;
 - the valve was never open for longer than a look after its card had left;
 - whoever came with money was served, whatever the one before had done.

    python -m terminal_sim.gears.waterworks SESSIONS [SEED]     plays so many, prints the figures
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter, defaultdict
from typing import Any

from card_layout import keys, purse_m1, sectors
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from firmware.core import layout
from firmware.core.terminal import Terminal
from firmware.drivers.meter import Meter
from protocol import keypage, messages, record, tariff
from protocol.aes import Aes
from sync_server.core import ledger
from terminal_sim.flash import SHAPES, Flash, PowerCut
from terminal_sim.gears.held import exchange
from terminal_sim.gears.office import Memory
from terminal_sim.mifare import MifareClassic
from terminal_sim.oracle import Violation
from terminal_sim.pipework import MICRO, Faults, Pipework
from terminal_sim.prng import Prng

NUMBER = 1
CARDS = 3
SESSIONS_A_LIFE = 20
START_FEN = 100_000
UTC_S = 1_790_000_000
TURN_US = 20_000
LOOK_US = 300_000  # how often the reader looks whether the card is there
_MASTERS = [hashlib.sha256(name.encode()).digest()[:16] for name in ("a", "b", "purse")]
_ENCRYPT = [Aes(master).ecb for master in _MASTERS]
_CUT = "power"
_SETTINGS = {"offline_taps_per_card": 255, "offline_fen_per_card": 1_000_000, "no_flow_s": 5,
             "most_units": 200, "margin_units": 2, "reserve_fen": 60}  # fmt: skip
_POWER = {"tariff": tariff.pack([(0, tariff.END, 11100)]), "pulses_per_kwh": 90}


class Life:
    """One terminal's. `figures` counts what happened, over all lives."""

    calm_us = 11_000_000  # until nothing that was seen counts any more
    settings: dict[str, Any] = _SETTINGS

    def __init__(
        self,
        seed: int,
        figures: Counter[str],
        reprogram: bool | None = None,
        fens: dict[int, int] | None = None,
    ):
        self.figures = figures
        self._draw = Prng(seed)
        self._laid = layout.make(1, 4)
        drawn = not self._draw.chance(1, 4)
        reprogram = drawn if reprogram is None else reprogram
        self._flash = Flash(self._laid.sectors * 4096, 1 if reprogram else 2, reprogram)
        page = keypage.pack(NUMBER, messages.WATER, b"e" * 16, *_MASTERS)
        self._flash.program(self._laid.keys.first * 4096, page)
        self._fens = fens or dict.fromkeys(range(1, CARDS + 1), START_FEN)
        self._cards = {number: _card(number, fen) for number, fen in self._fens.items()}
        self._free = 15 if self._draw.chance(1, 3) else 0
        priced = self.settings
        if "tariff" not in priced and self._draw.chance(1, 4):
            priced = priced | _POWER
            self.figures["relays"] += 1
        self._rate = priced.get("tariff", tariff.ONE_FEN), priced.get("pulses_per_kwh", 0)
        self._office = Memory({NUMBER: "bath"}, self._fens, priced | {"free_units": self._free})
        self._office.utc_s = UTC_S
        self._pipe = Pipework(seed ^ 0x5A5A, 5 + self._draw.below(16))
        self._now_us = 0
        self._flows: dict[int, list[int]] = {}  # serial of a reserve -> flowed at its begin and end
        self._cuts: list[tuple[int, int, int]] = []  # for the boots that are to come
        self._cut: set[int] = set()  # reserves whose session a power cut ended
        self._said: list[str] = []
        self._boot()

    def run(self) -> None:
        """Everything. Violation."""
        for _ in range(SESSIONS_A_LIFE):
            self._weather()
            number = 1 + self._draw.below(CARDS)
            try:
                self._session(number)
                if self._draw.chance(1, 3):
                    self._sync()
            except PowerCut:
                self._power_is_cut()
            self.figures["sessions"] += 1
        self._pipe.faults = Faults()
        self._flash.cut_after(0)
        self._finish()

    def _finish(self) -> None:
        """Everybody comes once more, and then all must be right."""
        for number in self._cards:
            self._wait(self.calm_us)
            if not self._present(number):
                raise Violation("water", f"card {number} was locked out: {self._said[-3:]}")
            self._pulled()
            self._settle(number)
            if not number % 10:
                self._sync()
        self._wait(1_000_000)
        self._sync()
        self._check()

    # what happens

    def _weather(self) -> None:
        draw = self._draw
        faults = self._pipe.faults = Faults()
        faults.bounces = draw.below(4)
        faults.spikes_a_s = 2 if draw.chance(1, 3) else 0
        self._pipe.tap_open = True
        if draw.chance(1, 6):
            self._flash.cut_after(1 + draw.below(40), draw.pick(SHAPES), draw.below(1 << 30))

    def _session(self, number: int) -> None:
        """One person. The card is put there; it may be torn in any command."""
        draw, card = self._draw, self._cards[number]
        if draw.chance(1, 8):
            card.tear_after(1 + draw.below(9), draw.pick(("none", "all", "random")), bytes(16))
            self.figures["tears"] += 1
        accepted = self._present(number)
        was_torn = card.gone
        card.leave_after(None)
        if not accepted:
            if not was_torn:
                raise Violation("water", f"card {number} was locked out: {self._said[-3:]}")
            return
        stays_us = 200_000 + draw.below(6_000_000)
        if draw.chance(1, 10):
            self._pipe.tap_open = False
        ends = draw.pick(("pulled", "pulled", "key", "waits", _CUT))
        self._stay(stays_us)
        if ends == _CUT and draw.chance(1, 2):
            self.figures["warned"] += 1
            self._do(self._kind.power_fails(self._now()))
            raise PowerCut
        if ends == _CUT:
            raise PowerCut
        if ends == "pulled":
            self._pulled()
            return
        if ends == "key":
            self._do(self._terminal.key("*", self._now()))
        self._stay(20_000_000)
        if self._kind.is_running:
            raise Violation("water", "a session does not end")
        self._settle(number)

    def _stay(self, us: int) -> None:
        """The card lies there; until the session is over, at most."""
        end_us = self._now_us + us
        while self._now_us < end_us and self._kind.is_running:
            self._turn()

    def _pulled(self) -> None:
        """The card goes; the terminal sees it at its next look."""
        self._wait(self._draw.below(LOOK_US))
        self._do(self._kind.card_left(self._now()))
        if self._pipe.is_told_open:
            raise Violation("water", "the card is gone and the valve is open")
        self.figures["pull_outs"] += 1
        self._wait(100_000 + self._draw.below(1_000_000))
        while self._kind.is_running:  # ends: nothing flows
            self._turn()

    def _settle(self, number: int) -> None:
        """The tap after a session; again, if the card was torn before."""
        self._kind.only_settles = True
        self._present(number)
        self._kind.only_settles = False

    def _power_is_cut(self) -> None:
        """Whatever was in RAM is gone, and the valve's spring shuts it."""
        self.figures["power_cuts"] += 1
        self._flash.cut_after(*(self._cuts.pop(0) if self._cuts else (0,)))
        for card in self._cards.values():
            card.leave_after(None)
        for serial, flow in self._flows.items():
            if len(flow) == 1:
                flow.append(self._pipe.flowed)
                self._cut.add(serial)
        self._pipe.valve(False)
        self._now_us += 300_000
        self._pipe.edges(self._now_us)
        self._boot()

    def _boot(self) -> None:
        self._terminal = Terminal(self._flash, None, self._laid)
        self._terminal.mount()
        self._kind: Any = self._terminal.kind
        self._meter = Meter()
        self._meter.feed([(self._pipe.level, self._now_us & 0x3FFFFFFF)], self._now_us & 0x3FFFFFFF)
        self._sync()
        self._wait(100_000)

    def _sync(self) -> None:
        """Everything that the terminal and the server have to say to each other."""
        terminal = self._terminal
        if not terminal.online:
            terminal.next_epoch()
            terminal.on_open(self._now())
        for _ in range(400):
            body = terminal.uploader.next_request(self._now())
            if body is not None:
                reply, _ = self._office.serve(NUMBER, body)
                terminal.uploader.on_reply(reply, self._now())
                terminal.effects()
                continue
            pushed = self._office.push(NUMBER)
            if pushed is not None:
                reply = terminal.uploader.on_request(pushed, self._now())
                self._office.pushed(NUMBER, reply)
            elif not terminal.journal.queue:
                return
            else:
                self._now_us += 1_000_000  # records are gathered for a while
                self._pipe.edges(self._now_us)
        raise Violation("water", "terminal and server never come to an end")

    # how it is driven

    def _present(self, number: int) -> bool:
        """One tap. -> whether it was accepted."""
        card = self._cards[number]
        card.power_off()
        card.come_back()
        card.power_on()
        tap = self._terminal.tap(self._now())
        answer: Any = None
        try:
            while True:  # ends with the tap
                request = tap.send(answer)
                answer = None
                if request[0] == "select":
                    answer = ("one", card.uid, 0x08) if card.select() else None
                elif request[0] == "card":
                    answer = exchange(card, request[1])
                else:
                    self._do([request])
        except StopIteration as end:
            outcome = end.value
        if outcome is not None and outcome.accepted:
            self._flows[outcome.serial] = [self._pipe.flowed]
        return outcome is not None and outcome.accepted

    def _wait(self, us: int) -> None:
        end_us = self._now_us + us
        while self._now_us < end_us:
            self._turn()

    def _turn(self) -> None:
        self._now_us += TURN_US
        edges = self._pipe.edges(self._now_us)
        pulses, back = self._meter.feed(edges, self._now_us & 0x3FFFFFFF)
        was_running = self._kind.is_running
        self._do(self._kind.turn(self._now(), pulses, back, self._meter.glitches))
        if was_running and not self._kind.is_running:
            self._ended()

    def _ended(self) -> None:
        for flow in self._flows.values():
            if len(flow) == 1:
                flow.append(self._pipe.flowed)

    def _do(self, effects) -> None:
        for effect in effects:
            if effect[0] == "set":
                self._pipe.valve(bool(effect[2]))
            elif effect[0] == "show":
                self._said.append(str(effect[1:]))

    def _now(self):
        return self._terminal.moment(UTC_S + self._now_us // MICRO, self._now_us // 1000)

    # the truth

    def _check(self) -> None:
        office = self._office
        draws: defaultdict[int, int] = defaultdict(int)
        if self._kind.reserves.to_close() or self._terminal.journal.grey or office.grey():
            raise Violation("water", f"open: {self._kind.reserves.to_close()}, {office.grey()}")
        closes = self._closes()
        for entry in closes.values():
            draws[entry.card] += entry.amount_fen
        free: defaultdict[int, int] = defaultdict(int)
        for serial, (reserve, outcome) in self._reserves().items():
            close = closes.pop(serial, None)
            if outcome == record.VOID:
                continue
            if close is None:
                raise Violation("water", f"reserve {serial} has no close")
            free[reserve.card] += self._metered(serial, reserve, close)
        if closes:
            raise Violation("water", f"closes of no reserve: {closes}")
        for number, card in self._cards.items():
            holds = _balance_fen(card)
            if self._fens[number] - holds != draws[number]:
                raise Violation(
                    "water", f"card {number} lacks {self._fens[number] - holds}, {draws}"
                )
            if office.purse_fen(number) != holds or free[number] > self._free:
                raise Violation("water", f"card {number}: {office.purse_fen(number)}, not {holds}")
        merchant = office.balances[ledger.MERCHANT, "bath"]
        if office.balances[ledger.RESERVED] or merchant != sum(draws.values()) or office.faults:
            raise Violation("water", f"{dict(office.balances)} {dict(office.faults)}")

    def _metered(self, serial: int, reserve, close) -> int:
        """A close against what flowed. -> the free units that it used."""
        flow = self._flows.get(serial, [0, 0])
        flowed = flow[1] - flow[0]
        missed = 2 if serial in self._cut else 1
        if not (close.detail - 1) * MICRO <= flowed <= (close.detail + missed) * MICRO:
            raise Violation("water", f"{flowed / MICRO} flowed, {close.detail} in {close}")
        table, kwh = self._rate
        used = tariff.fen(table, max(0, close.detail - reserve.detail), kwh)
        if close.amount_fen != min(used, reserve.amount_fen) or used > reserve.amount_fen:
            raise Violation("water", f"{close.detail} units, {close.amount_fen} fen: {reserve}")
        self.figures["units"] += close.detail
        return min(close.detail, reserve.detail)

    def _reserves(self) -> dict[int, tuple[record.Record, int]]:
        known = self._office.known.records
        rows = [(record.unpack(raw + b"\xff" * 4), outcome) for raw, outcome in known.values()]
        return {row[0].serial: row for row in rows if row[0].type == record.RESERVE}

    def _closes(self) -> dict[int, record.Record]:
        """Serial of the reserve -> its close. Violation if one has two."""
        closes: dict[int, record.Record] = {}
        for raw, _ in self._office.known.records.values():
            entry = record.unpack(raw + b"\xff" * 4)
            if entry.type == record.SETTLE and not entry.flags & record.PURSE_READ:
                if entry.previous_serial in closes:
                    raise Violation("water", f"two closes of reserve {entry.previous_serial}")
                closes[entry.previous_serial] = entry
        return closes


def play(sessions: int, seed: int = 1) -> Counter[str]:
    """So many sessions, at least. -> figures. Violation, which names the life."""
    figures: Counter[str] = Counter()
    life = 0
    while figures["sessions"] < sessions:  # ends: each life has some
        life += 1
        try:
            Life(seed * 100_003 + life, figures).run()
        except (Violation, AssertionError, LookupError, TypeError, ValueError) as fault:
            raise Violation("water", f"life {seed * 100_003 + life}: {fault!r}") from fault
    return figures


def _card(number: int, fen: int) -> MifareClassic:
    uid = b"\x5a" + number.to_bytes(3, "big")
    who = Identity(number, 2, 20000, 0, 1, 1)
    return MifareClassic(uid, sectors.personalise(who, Purse(0, fen, 0, 0), uid, *_ENCRYPT))


def _balance_fen(card: MifareClassic) -> int:
    """The purse block with the higher counter, of those that are whole."""

    mac = keys.card_mac(_ENCRYPT[2], card.uid)
    return purse_m1.choose(card.block(5), card.block(6), card.uid, mac)[0].balance_fen


if __name__ == "__main__":
    print(dict(play(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)))
