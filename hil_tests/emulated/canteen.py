"""A window of a canteen: a POS on a board with its reader, panel and server, and cards to pay with.

What outlives a power cut of the board is here: its flash, the cards, the server. `power_on` puts a
new board at the same wires.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from card_layout import identity, keys, purse_m1, sectors
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from hil_tests.emulated import factory, warm
from hil_tests.emulated.board import SECOND_NS
from hil_tests.emulated.office import Office
from hil_tests.emulated.on_pc import OnPc
from hil_tests.emulated.wires import LinkWire, PanelWire, ReaderWire
from protocol import keypage, messages
from protocol.aes import Aes
from terminal_sim.field import Field
from terminal_sim.gears.office import Memory
from terminal_sim.mifare import MifareClassic
from terminal_sim.prng import Prng

NUMBER = 7
UTC_S = 1_790_000_000  # when the first power-on is
CARD_FEN = 10_000
CONFIG = {"watchdog_ms": 8000, "backoff_ms": [200, 1000]}
WISHES = {"language": 1, "heartbeat_s": 5}
BOOT_S = 20
_QUIET_S = 0.3
_TAKEN_S = 0.3  # how long a card is away between two customers


def new_flash(page: bytes = b"", config: dict | None = None) -> bytes:
    """The flash of a new terminal with this key page, and this beside CONFIG."""
    return factory.make(page, CONFIG | (config or {}))


class Canteen:
    """`cards` cards of CARD_FEN each, all drawn from the seed. config: the board's, beside CONFIG;
    wishes: parameters, beside WISHES; sold: so many sales before the first power-on, of a fen each
    to the last card. board, panel, reader, link: now.

    log: (nanoseconds, what) of all that was seen on the board's wires.
    """

    kind = messages.POS

    def __init__(
        self, seed: int = 1, cards: int = 2, config: dict | None = None,
        wishes: dict | None = None, sold: int = 0,
    ):  # fmt: skip
        draw = Prng(seed)
        self._masters = [draw.bytes(16) for _ in range(3)]
        enrolment = draw.bytes(16)
        page = keypage.pack(NUMBER, self.kind, enrolment, *self._masters)
        self.flash = self._first_flash(page, config)
        self.cards = {n: self._card(n, draw.bytes(3)) for n in range(1, cards + 1)}
        fen = dict.fromkeys(self.cards, CARD_FEN)
        self.memory = Memory({NUMBER: "canteen"}, fen, WISHES | (wishes or {}))
        self.office = Office(NUMBER, enrolment, self.memory, seed)
        self._utc_s = UTC_S
        self._said = 0  # bytes
        self.log: list[tuple[int, str]] = []
        if sold:
            self.sell_on_pc(cards, 1, sold)
        self.power_on()

    def _first_flash(self, page: bytes, config: dict | None) -> bytes:
        return new_flash(page, config)

    def _card(self, number: int, tail: bytes) -> Any:
        uid = b"\x5a" + tail
        who = Identity(number, identity.STUDENT, identity.day_of(UTC_S) + 1000, 0, 0xFFFF, 1)
        encrypt = [Aes(master).ecb for master in self._masters]
        return MifareClassic(uid, sectors.personalise(who, Purse(0, CARD_FEN, 0, 0), uid, *encrypt))

    def power_on(self) -> None:
        """A new board with the flash of the one before."""
        self.board = warm.take(self.flash)
        self.field = Field()
        self.reader = ReaderWire(self.board, self.field)
        self.panel = PanelWire(self.board)
        self.link = LinkWire(self.board, self._on_said)
        for pin in (4, 6, 8, 15):
            self.board.watch(pin, partial(self._note, pin))
        self.office.hang_up()
        self.office.say = self.link.send
        self.office.utc_s = lambda: self._utc_s + self.board.now_ns // SECOND_NS

    def power_off(self) -> None:
        """The flash is kept; time goes on by what the board has lived."""
        self.flash = self.board.content()
        self._utc_s += self.board.now_ns // SECOND_NS + 1

    def sell_on_pc(self, card: int, fen: int, times: int = 1, sent: bool = True) -> None:
        """While the board is off its flash sells on the PC. sent: the server has the records."""
        terminal = OnPc(NUMBER, self.flash, self.memory, self._utc_s)
        terminal.settle()
        for _ in range(times):
            terminal.sell(self.cards[card], fen)
            if sent:
                terminal.settle()
        at, end = factory.DATA_AT, factory.FILES_AT
        self.flash = self.flash[:at] + terminal.flash() + self.flash[end:]

    def ready(self) -> None:
        """Until the terminal has met its server, has its parameters, and has told its panel."""
        self.board.wait(BOOT_S, self.is_ready, "the server is not met")
        self.board.run(_QUIET_S)

    def is_ready(self) -> bool:
        """True once the terminal has met its server and has its parameters."""
        return self.office.is_open and self.memory.push(NUMBER) is None

    def enter(self, keys: str) -> None:
        """The cashier enters yuan with two decimals; it asks for a card."""
        wanted = f"Pay {keys.rstrip('#')} "
        self.panel.press(keys)
        self.board.wait(5, lambda: self.panel.face.shows(wanted), f"no answer to {keys}")

    def present(self, card: int) -> int:
        """A card is held to the reader until the terminal beeps. -> nanoseconds that it took."""
        before, start_ns = len(self.panel.beeps), self.board.now_ns
        self.field.put(self.cards[card])
        self.board.wait(10, lambda: len(self.panel.beeps) > before, "no beep")
        return self.panel.beeps[-1][0] - start_ns

    def take(self) -> None:
        """The customer takes the card and leaves."""
        self.field.clear()
        self.board.run(_TAKEN_S)

    def settle(self) -> None:
        """Until nobody has anything to say any more."""
        said = -1
        while said != self._said:
            said = self._said
            self.board.run(_QUIET_S)

    def _on_said(self, data: bytes) -> None:
        self._said += len(data)
        self.office.hear(data)

    def _note(self, pin: int, at_ns: int, level: bool) -> None:
        self.log.append((at_ns, f"{pin}{'+' if level else '-'}"))

    def taken_fen(self, card: int) -> int:
        """What terminals have taken from a card, as the card says it."""
        purse = self.on_card(card)
        assert purse is not None
        return CARD_FEN - purse.balance_fen

    def booked_fen(self, card: int) -> int:
        """What terminals have taken from a card, as the server says it."""
        return CARD_FEN - self.memory.purse_fen(card)

    def on_card(self, card: int) -> Purse | None:
        """The purse that holds, as the next terminal would find it."""
        body = self.cards[card]
        return purse_m1.choose(body.block(5), body.block(6), body.uid, self._mac(body.uid))[0]

    def _mac(self, uid: bytes):
        return keys.card_mac(Aes(self._masters[2]).ecb, uid)
