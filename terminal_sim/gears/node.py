"""A terminal of gear 1: the firmware's core on a watched flash, cards held to it directly.

It answers what a tap asks for as reader and board would, and remembers what the screen said. A
reboot forgets all but flash. What it is not: a driver; the PN532 is gear 2's.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.core.layout import Layout
from firmware.core.terminal import Terminal
from firmware.credential import air
from protocol import keypage, messages
from terminal_sim.flash import Flash
from terminal_sim.mifare import ACK, MifareClassic
from terminal_sim.oracle import PAID, PASSED, REFUSED, TORN, Oracle

_SAID = {"paid": PAID, "pass": PASSED, "put_back": TORN, "refused": REFUSED, "too_low": REFUSED}
_STEP_MS = 200


class _Watched(Flash):
    """Asks before an erase."""

    on_erase: Callable[[int], None] | None = None

    def erase(self, sector):
        if self.on_erase:
            self.on_erase(sector)
        super().erase(sector)


class Node:
    """number, kind of messages.POS or GATE; masters: names a, b, purse -> 16 bytes."""

    def __init__(self, number: int, kind: int, laid: Layout, masters: dict, oracle: Oracle):
        self.number = number
        self._laid = laid
        self._oracle = oracle
        self._ticks_ms = 0
        self.flash = _Watched(laid.sectors * 4096)
        page = keypage.pack(number, kind, b"e" * 16, masters["a"], masters["b"], masters["purse"])
        self.flash.program(laid.keys.first * 4096, page)
        oracle.add_terminal(number, self.flash.read, laid.journal.first, laid.journal.sectors)
        self.flash.on_erase = self._before_erase
        self._is_pos = kind == messages.POS
        self.reboot()

    def reboot(self) -> None:
        """Power is back: whatever was in RAM is gone."""
        self.flash.cut_after(0)
        self.terminal = Terminal(self.flash, None, self._laid)
        self.terminal.mount()

    def tap(self, card: MifareClassic, amount_fen: int, utc_s: int, patient: bool) -> str | None:
        """One customer; if torn and the card is put back, once more. -> the last word said."""
        if self._is_pos:
            if self.terminal.kind.awaited is not None:
                self.terminal.key("*", self._now(utc_s))
            self.terminal.kind.ready(amount_fen)
        said = self._present(card, utc_s)
        if said == TORN and patient:
            self._oracle_look(card)
            card.come_back()
            said = self._present(card, utc_s)
        if self._is_pos and said != TORN:
            self.terminal.key("*", self._now(utc_s))
        return said

    def open(self, utc_s: int) -> None:
        """The session opens, if it is not open."""
        if not self.terminal.online:
            self.terminal.next_epoch()
            self.terminal.on_open(self._now(utc_s))

    def close(self, utc_s: int) -> None:
        """The session dies."""
        self.terminal.on_close(self._now(utc_s))

    def ask(self, utc_s: int) -> bytes | None:
        """The next request's body."""
        return self.terminal.uploader.next_request(self._now(utc_s))

    def told(self, body: bytes, reply: bytes, utc_s: int) -> None:
        """The reply to a request has arrived."""
        if body[0] == messages.BATCH:
            self._oracle.answered(self.number, int.from_bytes(body[-64:-60], "big"))
        self.terminal.uploader.on_reply(reply, self._now(utc_s))

    def pushed(self, body: bytes, utc_s: int) -> bytes:
        """A request of the server. -> the reply."""
        return self.terminal.uploader.on_request(body, self._now(utc_s))

    def _now(self, utc_s: int):
        self._ticks_ms += _STEP_MS
        return self.terminal.moment(utc_s, self._ticks_ms)

    def _before_erase(self, sector: int) -> None:
        journal = self._laid.journal
        if journal.first <= sector < journal.first + journal.sectors:
            self._oracle.terminals[self.number].check_erase(sector)

    def _oracle_look(self, card: MifareClassic) -> None:
        """Between a tear and the card's return: a debit, if there was one, is this terminal's."""
        number = next(n for n, c in self._oracle.cards.items() if c.uid == card.uid)
        self._oracle.tapped(self.number, number, TORN)

    def _present(self, card: MifareClassic, utc_s: int) -> str | None:
        card.power_off()
        card.power_on()
        tap = self.terminal.tap(self._now(utc_s))
        answer, said = None, None
        try:
            while True:  # ends with the tap
                request = tap.send(answer)
                answer = None
                if request[0] == "select":
                    answer = ("one", card.uid, 0x08) if card.select() else None
                elif request[0] == "card":
                    answer = _exchange(card, request[1])
                elif request[0] == "show":
                    said = _SAID.get(request[1], said)
        except StopIteration:
            return said


def _exchange(card: MifareClassic, command: bytes):
    """(status of air, data) of a MIFARE command."""
    code, block = command[0], command[1]
    if code in (air.AUTHENTICATE_A, air.AUTHENTICATE_B):
        name = "A" if code == air.AUTHENTICATE_A else "B"
        opened = card.authenticate(block, name, command[2:8], command[8:])
        return (air.GONE if opened is None else air.OK if opened else air.DENIED), b""
    answer = card.transceive(command[:2])
    if code == air.WRITE and answer == ACK:
        answer = card.transceive(command[2:])
    if answer is None:
        return air.GONE, b""
    if isinstance(answer, int):
        return (air.OK if answer == ACK else air.DENIED), b""
    return air.OK, answer
