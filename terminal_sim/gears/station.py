"""One terminal, two cards and a server in one process, whose whole state can be forked.

Power is cut everywhere by forking before each flash operation and letting the cut do its part
there: what was in RAM is gone with the fork's boot, what is in flash, on cards, at the server and
in the oracle's mind is a copy. Everything is checked by the oracle; nothing here decides anything.
"""

from __future__ import annotations

import binascii
import copy
import hashlib
import struct
from typing import Any

from card_layout import keys, sectors
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from firmware.core.layout import Layout
from protocol import keypage, messages
from protocol.aes import Aes
from terminal_sim.flash import Flash
from terminal_sim.gears.node import Node
from terminal_sim.gears.office import Memory
from terminal_sim.mifare import MifareClassic
from terminal_sim.oracle import Oracle, Posting, Violation

NUMBER = 1
GOOD, LISTED = 1, 2  # card numbers
START_FEN = 1_000_000
UTC_S = 1_790_000_000
MASTERS = {name: hashlib.sha256(name.encode()).digest()[:16] for name in ("a", "b", "purse")}
_ENCRYPT = [Aes(MASTERS[name]).ecb for name in ("a", "b", "purse")]
_PAGE = 1088  # bytes of a slot of parameters


class Station:
    """kind: messages.POS or GATE; reprogram: whether its flash takes a second program."""

    def __init__(self, kind: int, laid: Layout, reprogram: bool):
        self.laid = laid
        self.oracle = Oracle()
        self.cards = {number: self._card(number) for number in (GOOD, LISTED)}
        self.node = Node(NUMBER, kind, laid, MASTERS, self.oracle, reprogram)
        self.node.utc_s = UTC_S
        fens = dict.fromkeys(self.cards, START_FEN)
        self.office = Memory({NUMBER: "merchant"}, fens, {"offline_taps_per_card": 255,
                             "offline_fen_per_card": 1_000_000})  # fmt: skip
        self.office.utc_s = UTC_S
        self.params: dict[int, bytes] = {}  # version -> those that a terminal may have
        self.epoch = 0  # the highest that was used
        self.list_version = 0  # that the last boot found
        self.tries = 0  # boots since the scenario began
        self.done: set[str] = set()  # steps of the scenario that are over
        self.writes_before = 0
        self.allowed: frozenset[int] = frozenset()  # reasons that the server may find
        self.promised: dict[int, bytes] = {}  # serial -> content of what stood in flash at a boot

    def fork(self, flash: Any) -> Station:
        """The same over another flash of the node's kind; its terminal must boot next."""
        made = copy.copy(self)
        made.oracle = oracle = copy.copy(self.oracle)
        made.cards = {number: copy.copy(card) for number, card in self.cards.items()}
        for name, value in vars(oracle).items():
            if isinstance(value, (dict, set, list)):
                setattr(oracle, name, copy.copy(value))
        oracle.cards = {}
        for number, card in made.cards.items():
            card.memory = bytearray(card.memory)
            truth = oracle.cards[number] = copy.copy(self.oracle.cards[number])
            truth._memory = _purses(card)
            truth._seen, truth.writes = dict(truth._seen), list(truth.writes)
        place = copy.copy(self.oracle.terminals[NUMBER])
        place._flash, place.gone, place.at_counter = flash.read, set(place.gone), {}
        oracle.terminals = {NUMBER: place}
        oracle.made = {
            key: (oracle.cards[truth.number], write) for key, (truth, write) in oracle.made.items()
        }
        made.office = copy.copy(self.office)
        made.office.restore(self.office.backup())
        made.node = copy.copy(self.node)
        made.node.flash, made.node._oracle = flash, oracle
        flash.on_erase = made.node._before_erase
        made.done = set(self.done)
        made.promised = dict(self.promised)
        return made

    def name(self, flash: Flash) -> bytes:
        """-> bytes that differ when flash, cards or server do."""
        whole = hashlib.sha256(flash.digest())
        for card in self.cards.values():
            whole.update(card.block(5) + card.block(6))
        known = self.office.known
        whole.update(b"%d %d %d" % (len(known.records), len(self.office.rows), self.epoch))
        whole.update(repr((sorted(self.done), sorted(known.greys))).encode())
        return whole.digest()[:16]

    # what happens

    def boot(self) -> None:
        """Power comes back."""
        self.tries += 1
        for number, card in self.cards.items():
            card.leave_after(None)  # what did not tear the tap before tears no other
            self.oracle.tapped(NUMBER, number)
        self._look_at_journal()
        self.node.boot()
        self.node.look_at_list(self.office.ever)
        version = self.oracle.terminals[NUMBER].listed()[0]
        if version < self.list_version:
            raise Violation("I6", f"after list {self.list_version} a boot finds {version}")
        self.list_version = version
        self._look_at_params()

    def sell(self, number: int, amount_fen: int, retaps: int = 1) -> str | None:
        """A sale, entered again if power was cut in it, unless it is confirmed by now."""
        if self.oracle.is_confirmed(NUMBER, number, self.writes_before):
            return "cut"
        return self.node.sell(
            number, self.cards[number], amount_fen, retaps, writes_before=self.writes_before
        )

    def next_sale(self, number: int) -> None:
        """The sale that may come next is another one."""
        self.writes_before = len(self.oracle.cards[number].writes)

    def open(self) -> None:
        """A session opens; its epoch is above all that were."""
        epoch = self.node.terminal.next_epoch()
        if epoch <= self.epoch:
            raise Violation("I7", f"epoch {epoch} after {self.epoch}")
        self.epoch = epoch
        self.node.open()

    def serve(self, steps: int = 400) -> None:
        """Everything that the terminal and the server have to say to each other."""
        for _ in range(steps):
            body = self.node.ask()
            if body is not None:
                reply, transfers = self.office.serve(NUMBER, body)
                assert reply is not None  # this office has no troubles
                for transfer in transfers:
                    card = int(transfer.giver[1]) if transfer.giver[0] == "purse" else 0
                    posting = Posting(card, transfer.terminal, transfer.serial, transfer.amount_fen)
                    self.oracle.booked(posting, self.office.sum_fen())
                self.node.told(body, reply)
                self.node.look_at_list(self.office.ever)
                continue
            pushed = self.office.push(NUMBER, whole="whole list" in self.done)
            if pushed is None:
                if not self.node.terminal.journal.queue:
                    return
                continue  # records are gathered for a while
            self.office.pushed(NUMBER, self.node.pushed(pushed))
            self.node.look_at_list(self.office.ever)
            self._look_at_params()
        raise Violation("I3", "terminal and server never come to an end")

    def push_params(self, version: int, blob: bytes) -> None:
        """New parameters: those before hold, or these; `params` has to know them."""
        self.node.pushed(messages.encode(messages.PARAMS, (version,), blob))
        if self._look_at_params() != version:
            raise Violation("I6", f"parameters {version} were taken and are not in flash")

    def check(self) -> None:
        """All is well at the end: nothing waits, nothing is grey, every fen is where it belongs."""
        journal = self.node.terminal.journal
        if journal.queue or self.office.grey():
            raise Violation("I3", f"{journal.queue} records wait, {self.office.grey()} are grey")
        if set(self.office.faults) - self.allowed:
            raise Violation("I3", f"the server found faults: {dict(self.office.faults)}")
        if self.node.terminal.blacklist.version != self.office.newest:
            raise Violation("I6", "the terminal does not have the newest list")
        self.oracle.settled(self.office.purse_fen, self.office.received(), set())

        for serial, content in self.promised.items():
            if self.office.known.records[NUMBER, serial][0] != content:
                raise Violation("I3", f"record {serial} is not what once stood in flash")

    # what it is made of

    def _card(self, number: int) -> MifareClassic:
        uid = b"\x5a" + number.to_bytes(3, "big")
        blocks = sectors.personalise(
            Identity(number, 2, 20000, 0, 1, 1), Purse(0, START_FEN, 0, 0), uid, *_ENCRYPT
        )
        card = MifareClassic(uid, blocks)
        self.oracle.add_card(number, uid, keys.purse_key(_ENCRYPT[2], uid), _purses(card))
        return card

    def _look_at_journal(self) -> None:
        """Every whole record that the server has not answered must come to it as it stands here."""
        acked_to = self.oracle.terminals[NUMBER].acked_to
        first, sectors = self.laid.journal
        for sector in range(first, first + sectors):
            raw = self.node.flash.read(sector * 4096, 4096)
            for at in range(0, 4096, 64):
                (serial,) = struct.unpack_from(">I", raw, at)
                if not acked_to < serial < 0xFFFFFFFF or not 1 <= raw[at + 4] <= 8:
                    continue
                if binascii.crc32(raw[at : at + 56]) != struct.unpack_from(">I", raw, at + 56)[0]:
                    continue
                content = raw[at : at + 60]
                if self.promised.setdefault(serial, content) != content:
                    raise Violation("I3", f"two records have the number {serial}")

    def _look_at_params(self) -> int:
        """-> version of the parameters in flash, read without the code under test."""
        page = newest_page(self.node.flash, self.laid.params.first)
        version = struct.unpack_from(">I", page, 1)[0] if page else 0
        if version in self.params and page[5:] != self.params[version]:
            raise Violation("I6", f"parameters {version} are not what the server sent")
        return version


def newest_page(flash: Flash, first: int) -> bytes:
    """The value with the highest sequence in two sectors of pages (docs/terminal.md), or b""."""
    best = (0, b"")
    for sector in (first, first + 1):
        raw = flash.read(sector * 4096, 4096)
        for at in range(0, 4096 - _PAGE + 1, _PAGE):
            sequence, length = struct.unpack_from(">IH", raw, at)
            crc = int.from_bytes(raw[at + _PAGE - 4 : at + _PAGE], "big")
            if length <= _PAGE - 10 and crc == binascii.crc32(raw[at : at + _PAGE - 4]):
                best = max(best, (sequence, raw[at + 6 : at + 6 + length]))
    return best[1]


def key_page(kind: int) -> bytes:
    """What provisioning writes."""
    return keypage.pack(NUMBER, kind, b"e" * 16, *(MASTERS[name] for name in ("a", "b", "purse")))


def _purses(card: MifareClassic):
    return lambda: (card.block(5), card.block(6))
