"""A till on an emulated board whose server is a real `campus serve`; screens in Chinese."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hil_tests.emulated import warm
from hil_tests.emulated.board import Board, Silent
from hil_tests.emulated.wires import PanelWire, ReaderWire
from terminal_sim.field import Field
from terminal_sim.mifare import MifareClassic
from terminal_sim.server import ServerProcess

_MEETS_S = 40
_SHOWS_S = 2
_DRAWN_S = 0.1
_BEEPS_S = 1.0
_TAKEN_S = 0.3  # how long a card is away
_UID = b"\x5a\x02"


class Till:
    """flash: of its board before the first power-on. plug(board): connects its line to the server.
    board, panel: now. lived_ns: of the boards before."""

    def __init__(self, flash: bytes, plug: Callable[[Board], object]):
        self.flash = flash
        self._plug = plug
        self.lived_ns = 0
        self.power_on()

    def power_on(self) -> None:
        """A new board with the flash of the one before."""
        self.board = warm.take(self.flash)
        self.field = Field()
        self.reader = ReaderWire(self.board, self.field)
        self.panel = PanelWire(self.board)
        self._plug(self.board)

    def power_off(self) -> None:
        """Only the flash stays."""
        self.flash = self.board.content()
        self.lived_ns += self.board.now_ns

    def ready(self, texts: Sequence[str] = ("请刷卡",)) -> None:
        """Until the screen says one of these, and is drawn to its end."""
        face = self.panel.face
        self.board.wait(_MEETS_S, lambda: any(map(face.shows, texts)), "the server is not met")
        self.board.run(_DRAWN_S)

    def enter(self, fen: int) -> None:
        """The cashier enters an amount. Silent."""
        self._press(f"{fen}#", fen)

    def once_more(self, fen: int) -> None:
        """The cashier says that the same is to be paid once more. Silent."""
        self._press("#", fen)

    def _press(self, keys: str, fen: int) -> None:
        face, wanted = self.panel.face, f"应付 {fen / 100:.2f} 元"
        self.panel.press(keys)
        if not self.board.run(_SHOWS_S, lambda: face.shows(wanted)):
            raise Silent(f"{wanted} does not appear: {face.rows}")

    def present(self, card: MifareClassic) -> tuple[str, float]:
        """A card is held there until the beep and taken away. -> word of the beep, milliseconds;
        ("", 0) if there is none: the card left too soon, or power failed."""
        before, start_ns = len(self.panel.beeps), self.board.now_ns
        self.field.put(card)
        self.board.run(_BEEPS_S, lambda: len(self.panel.beeps) > before)
        if self.board.flash.is_off or len(self.panel.beeps) == before:
            self.field.clear()
            return "", 0.0
        at_ns, word = self.panel.beeps[-1]
        self.board.run(_DRAWN_S)  # the rows of the screen follow the beep
        self.field.clear()
        return word, (at_ns - start_ns) / 1e6

    def rest(self) -> None:
        """Until the next customer."""
        self.board.run(_TAKEN_S)


def issue(server: ServerProcess, count: int, fen: int) -> dict[int, MifareClassic]:
    """-> {card number: card} of so many students."""
    uids = [_UID + number.to_bytes(2, "big") for number in range(1, count + 1)]
    wishes = [
        {"holder_kind": 2, "name": "A", "uid": uid.hex(), "valid_until": "2037-12-31", "zones": 1,
         "balance_fen": fen} for uid in uids
    ]  # fmt: skip
    made = server.issue(wishes)
    return {number: MifareClassic(uid, blocks) for uid, (number, blocks) in zip(uids, made)}
