"""Two tills, one card, one office: what the torn-tap matrix is played on.

The real cores: firmware on a flash model, byte-exact card, server in memory; the oracle watches
each step. It counts what the screens said, and keeps no opinion of its own.
"""

from collections import Counter

from card_layout import keys, sectors
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from firmware.core import layout
from protocol import messages
from protocol.aes import Aes
from terminal_sim.flash import PowerCut
from terminal_sim.gears.line import Line
from terminal_sim.gears.node import Node
from terminal_sim.gears.office import Memory
from terminal_sim.gears.population import MASTERS
from terminal_sim.mifare import MifareClassic
from terminal_sim.oracle import Oracle

START_FEN, PRICE_FEN, NEXT_FEN = 5000, 1250, 300
CARD, FIRST, SECOND = 1, 1, 2
UTC_S = 1_790_000_000
_UID = b"\x5a\0\0\1"


class Tills:
    """`first` and `second` are Nodes; `screens` are all screens of the taps so far."""

    def __init__(self, reprogram):
        self.oracle = Oracle()
        encrypt = [Aes(MASTERS[name]).ecb for name in ("a", "b", "purse")]
        blocks = sectors.personalise(
            Identity(CARD, 2, 20000, 0, 1, 1), Purse(0, START_FEN, 0, 0), _UID, *encrypt
        )
        self.card = MifareClassic(_UID, blocks)
        purse_key = keys.purse_key(encrypt[2], _UID)
        held = lambda: (self.card.block(5), self.card.block(6))  # noqa: E731
        self.oracle.add_card(CARD, _UID, purse_key, held)
        self._laid = layout.make(1, 2)
        self._reprogram = reprogram
        self.nodes = {number: self._node(number) for number in (FIRST, SECOND)}
        self.screens = []
        self.local_s = 0  # when the last tap was, as a screen has it
        self._dark = False  # power fails before the next screen
        self._check, self.oracle.said = self.oracle.said, self._shows
        wishes = {"offline_taps_per_card": 255, "offline_fen_per_card": 1_000_000}
        self.office = Memory({FIRST: "first", SECOND: "second"}, {CARD: START_FEN}, wishes)
        self.office.utc_s = UTC_S
        self.sync(FIRST)
        self.sync(SECOND)

    def _node(self, number):
        node = Node(number, messages.POS, self._laid, MASTERS, self.oracle, self._reprogram)
        node.utc_s = UTC_S
        return node

    def _shows(self, *heard):
        if self._dark:
            raise PowerCut
        self.screens.append(heard[2])
        self._check(*heard)

    # what people do

    def pay(self, number, fen, dark=False):
        """One presentation at a till, for an amount. -> what the screen said; None: power failed.

        dark: power fails when everything is done, before the screen says so.
        """
        node, before = self.nodes[number], len(self.screens)
        self.local_s, self._dark = node.utc_s + 8 * 3600, dark
        if node.terminal.kind.awaited is None:
            node.terminal.kind.ready(fen)
        try:
            node._present(CARD, self.card, None, 0)
        except PowerCut:
            return None
        finally:
            self._dark = False
            self.card.leave_after(None)
            self.oracle.tapped(number, CARD)
        return self.screens[before:]

    def boot(self, number):
        """Power is there again."""
        self.nodes[number].boot()

    def idle(self):
        """What the first till shows when nothing happens: list of (screen, values)."""
        terminal = self.nodes[FIRST].terminal
        return [effect[1:] for effect in terminal.idle(self.nodes[FIRST]._now("idle"))]

    def burn(self, declared):
        """The first till's flash is gone, and a new one is put in. declared: the office knows."""
        self.nodes[FIRST].burnt()
        if declared:
            self.declare()

    def declare(self):
        """The office is told that what the first till has not sent is lost; once is enough."""
        if not self.office.known.places[FIRST].lost:
            self._line(FIRST).book(self.office.replaced(FIRST))

    def _line(self, number):
        return Line(self.nodes[number], self.office, self.oracle, Counter(), lambda: None)

    def sync(self, *numbers):
        """All that these tills and the server have to say to each other; then the line is cut."""
        for number in numbers:
            line = self._line(number)
            for _ in range(3):
                self._pass(31)  # reports show what came of the first
                while line.step():  # ends: each step takes a request or a version away
                    pass
            line.die()

    def _pass(self, seconds):
        self.office.utc_s += seconds
        for node in self.nodes.values():
            node.utc_s = self.office.utc_s

    # what is true

    def held_fen(self):
        """What is on the card, by the oracle's own reading."""
        self.oracle.cards[CARD].look()
        return self.oracle.cards[CARD].balance_fen

    def ledger(self):
        """fen of the card's purse, of the first till's merchant, of the second's."""
        balances = self.office.balances
        takings = [balances["merchant", name] for name in ("first", "second")]
        return self.office.purse_fen(CARD), *takings

    def grey(self):
        """How many records are grey: at the server, in what the first till reports."""
        waiting = sum(len(greys) for greys in self.office.known.greys.values())
        return waiting, self.nodes[FIRST].terminal.journal.grey

    def outcome(self, serial):
        """Of a record in the first till's flash: "grey", "done" or "void"; None: not there."""
        found = self.oracle.terminals[FIRST].record(serial)
        return found and ("grey" if found[4] else "done" if found[5] else "void")
