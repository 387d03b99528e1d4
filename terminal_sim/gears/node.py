"""A terminal of gear 1: the firmware's core on a watched flash, cards held to it directly.

It answers what a tap asks for as reader and board would, and remembers what the screen said. A
reboot forgets all but flash. What it is not: a driver; the PN532 is gear 2's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from firmware.core.layout import Layout
from firmware.core.terminal import Terminal
from protocol import keypage, messages
from terminal_sim.flash import Flash, PowerCut
from terminal_sim.gears import held
from terminal_sim.gears.held import Held
from terminal_sim.gears.tape import Witness, line
from terminal_sim.oracle import PAID, PASSED, REFUSED, TORN, Oracle, Violation
from terminal_sim.pocket import Pocket

_SAID = {"paid": PAID, "paid_offline": PAID, "paid_account": PAID, "paid_account_offline": PAID,
         "pass": PASSED, "put_back": TORN, "refused": REFUSED, "unpaid": REFUSED,
         "too_low": REFUSED, "paid_before": REFUSED}  # fmt: skip
_STEP_MS = 200
CODE_S = -15, 45  # how old a code may be: docs/code.md, and the parameters as they are delivered
ENROLMENT = b"e" * 16


class _Watched(Flash):
    """Asks before an erase."""

    on_erase: Callable[[int], None] | None = None

    def erase(self, sector):
        if self.on_erase:
            self.on_erase(sector)
        super().erase(sector)


class Node:
    """number, kind of messages.POS or GATE; masters: names a, b, purse -> 16 bytes.

    reprogram: whether its flash takes a second program. `utc_s` is the campus's clock, and
    `clock_off_s` how far its own is from it.
    """

    def __init__(self, number: int, kind: int, laid: Layout, masters: dict, oracle: Oracle,
                 reprogram: bool = True, copied: tuple[int, _Watched] | None = None):  # fmt: skip
        self.number = number
        self.key = copied[0] if copied else number  # how the oracle knows it
        self._made = number, kind, laid, masters, oracle, reprogram
        self.utc_s = 0
        self.server: Callable[[bytes], bytes] | None = None  # answers what a tap asks
        self.clock_off_s = 0
        self.drift_s_a_day = 0
        self._set_utc_s = 0  # when it was set
        self._cards_left = 0  # card commands until power fails, 0: it does not
        self._laid = laid
        self._oracle = oracle
        self.enrolment = ENROLMENT
        self.tape: list[str] | None = None  # what it is told, if somebody records it
        self.witness = Witness()
        self._made_flash(copied[1] if copied else None)
        self._shown_s = 0  # by its clock, when it last looked at it
        self.tears = 0  # taps whose card left before their end
        self.is_pos = kind == messages.POS
        self.boot()

    def record(self) -> None:
        """It begins anew, and what it is told is on a tape from now on."""
        self.tape, self.witness = [], Witness()
        self._made_flash()
        self.boot()

    def burnt(self) -> None:
        """Its flash is gone; a technician puts another one in, with a new key."""
        self.enrolment = hashlib.sha256(self.enrolment).digest()[:16]
        self._made_flash()
        self.boot()

    def cloned(self, key: int) -> Node:
        """Another device with the same flash as now; `key` is how the oracle will know it."""
        made = Node(*self._made, copied=(key, self.flash.copy()))
        made.utc_s, made.enrolment = self.utc_s, self.enrolment
        return made

    def _made_flash(self, copied: _Watched | None = None) -> None:
        number, kind, laid, masters, oracle, reprogram = self._made
        if copied:
            self.flash = copied
        else:
            self.flash = _Watched(laid.sectors * 4096, 1 if reprogram else 32, reprogram)
            names = "a", "b", "purse"
            page = keypage.pack(number, kind, self.enrolment, *(masters[name] for name in names))
            self.flash.program(laid.keys.first * 4096, page)
            self._log("flash", laid.journal.sectors, int(reprogram), page)
        oracle.add_terminal(self.key, self.flash.read, laid.journal, laid.blacklist, number)
        self.flash.on_erase = self._before_erase

    def boot(self) -> None:
        """Power is there: whatever was in RAM is gone."""
        self._boot_s, self._ticks_ms = self.utc_s, 0
        self._log("boot")
        self.terminal = Terminal(self.flash, None, self._laid)
        self.terminal.mount()
        self._list: tuple[int, bytes] | None = None  # version and digest that were looked at
        self._oracle.booted(self.key)

    def cut_at_card(self, commands: int) -> None:
        """Power fails when the n-th card command from now would begin; 0: it does not."""
        self._cards_left = commands

    def cut_flash(self, operations: int, shape: int = 0, noise: int = 0) -> None:
        """Power fails in the n-th operation of its flash from now; 0: it does not."""
        self._log("cut", operations, shape, noise)
        self.flash.cut_after(operations, shape, noise)

    def epoch(self) -> int:
        """The epoch of a new session."""
        self._log("epoch")
        return self.terminal.next_epoch()

    def _log(self, name: str, *values) -> None:
        if self.tape is not None:
            self.tape.append(line(name, values))

    def sell(
        self,
        number: int,
        card: Held,
        amount_fen: int,
        retaps: int,
        meanwhile: Callable[[], object] | None = None,
        hurry: int = 0,
        writes_before: int | None = None,
    ) -> str | None:
        """One customer; a torn card is put back up to `retaps` times. -> the last word said.

        meanwhile: called after request n of a tap if bit n of `hurry` is set.
        writes_before: debits of the card when the sale began, if power was cut in it since.
        """
        terminal, before = self.terminal, writes_before
        if before is None:
            before = len(self._oracle.cards[number].writes)
        if self.is_pos:
            terminal.key("*", self._now("key"))
            self._log("ready", amount_fen)
            terminal.kind.ready(amount_fen)
        said = self._present(number, card, meanwhile, hurry)
        while said in (TORN, None) and retaps:
            retaps -= 1
            said = self._present(number, card, meanwhile, hurry)
        if self.is_pos:
            terminal.key("*", self._now("key"))
        self._oracle.sold(number, before)
        return said

    def open(self) -> None:
        """The session is open."""
        self._oracle.opened(self.key)
        self.terminal.on_open(self._now("open"))

    def close(self) -> None:
        """The session dies."""
        self.terminal.on_close(self._now("close"))

    def ask(self) -> bytes | None:
        """The next request's body."""
        body = self.terminal.uploader.next_request(self._now("ask"))
        self.witness.heard(body)
        return body

    def told(self, body: bytes, reply: bytes) -> None:
        """The reply to a request has arrived."""
        if body[0] == messages.BATCH:
            if reply[0] == messages.ANSWERS:
                self._oracle.answered(self.key, int.from_bytes(body[-64:-60], "big"))
        elif reply[0] == messages.STATE:
            _, values, _ = messages.decode(reply)
            self._oracle.has_up_to(self.key, values.serial_highest)
        self.terminal.uploader.on_reply(reply, self._now("told", reply))
        for effect in self.terminal.effects():
            if effect[0] == "clock":
                self.set_clock(effect[1])

    def set_clock(self, utc_s: int) -> None:
        """Its clock shows this now; it runs as it does."""
        self.clock_off_s = utc_s - self.utc_s
        self._set_utc_s = self.utc_s

    def pushed(self, body: bytes) -> bytes:
        """A request of the server. -> the reply."""
        reply = self.terminal.uploader.on_request(body, self._now("pushed", body))
        self.witness.heard(reply)
        return reply

    def look_at_list(self, ever: dict) -> None:
        """If the terminal says that its list is another one now, the oracle reads the flash."""
        blacklist = self.terminal.blacklist
        if self._list != (blacklist.version, blacklist.digest):
            self._list = blacklist.version, blacklist.digest
            if self._oracle.look_at_list(self.key, ever) != blacklist.version:
                raise Violation("I6", f"terminal {self.number} claims list {blacklist.version}")

    def _now(self, name: str, *values):
        """The moment of this. Ticks follow the clock, and never stand still."""
        self._ticks_ms = max(self._ticks_ms + _STEP_MS, (self.utc_s - self._boot_s) * 1000)
        drift_s = (self.utc_s - self._set_utc_s) * self.drift_s_a_day // 86400
        shown_s = max(0, self.utc_s + self.clock_off_s + drift_s)
        if self.tape is not None:
            self.tape.append(line(name, (shown_s, self._ticks_ms, *values)))
        self._shown_s = shown_s
        return self.terminal.moment(shown_s, self._ticks_ms)

    def _shown(self, number: int, phone: Pocket) -> None:
        """The oracle hears which code was held to the scanner, and how old it is by this clock."""
        _, counter, made_s = phone.last
        self._oracle.cards[number].showed(
            self.key, self._oracle.terminals[self.key], counter, self._shown_s - made_s, CODE_S
        )

    def _command_begins(self) -> None:
        self._cards_left -= 1
        if not self._cards_left:
            raise PowerCut

    def _before_erase(self, sector: int) -> None:
        journal = self._laid.journal
        if journal.first <= sector < journal.first + journal.sectors:
            self._oracle.terminals[self.key].check_erase(sector)

    def _present(self, number: int, card: Held, meanwhile, hurry) -> str | None:
        """The card is put on the reader once, and taken away. -> the last word said."""
        oracle = self._oracle
        held.put(card)
        oracle.began(self.key, self.terminal.online)
        tap = self.terminal.tap(self._now("begin"))
        answer: Any = None
        said = None
        asked, tape = self.witness.asked, self.tape
        try:
            while True:  # ends with the tap
                if tape is not None:
                    tape.append(line("answer", answer if isinstance(answer, tuple) else (answer,)))
                request = tap.send(answer)
                asked(request)
                answer = None
                if request[0] == "select":
                    answer = held.found(card, self.utc_s)
                    if isinstance(card, Pocket):
                        self._shown(number, card)
                elif request[0] == "card":
                    if self._cards_left:
                        self._command_begins()
                    held.tell(oracle, self.key, number, card, request[1])
                    answer = held.exchange(card, request[1])
                elif request[0] == "server":
                    answer = self.server and self.server(request[1])
                elif request[0] == "show":
                    said = _SAID.get(request[1], said)
                    oracle.said(self.key, number, said, request[2])
                if hurry:
                    if hurry & 1:
                        meanwhile()
                    hurry >>= 1
        except StopIteration:
            self.tears += held.is_gone(card)
            oracle.tapped(self.key, number)
            return said
