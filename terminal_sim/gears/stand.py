"""A terminal of gear 2: the real firmware in a process, its reader and panel in our hands.

Cards are held to its simulated PN532; what the chip is asked is watched, so that it is known when a
tap is over, what is about to be written to a card, and where power shall fail: at the n-th card
command, before the card hears of it, by SIGKILL. What it is not: somebody who judges; the oracle
does that, from the bytes in the flash file, the cards, and what the panel shows.
"""

from __future__ import annotations

import asyncio
import binascii
import mmap
import os
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

from firmware.core.layout import LAYOUTS, SECTOR
from protocol import messages
from terminal_sim.bad_line import BadLine
from terminal_sim.flash import PowerCut
from terminal_sim.fleet import yuan
from terminal_sim.mifare import MifareClassic
from terminal_sim.oracle import PAID, PASSED, REFUSED, TORN, Oracle, Violation
from terminal_sim.panel import Panel
from terminal_sim.terminal import BOARD, Terminal

# a reader that is slow because the machine is would be a fault that the seed did not draw
PACE = {"backoff_ms": [20, 150], "retry_ms": 150, "answer_ms": 10_000}
STUCK_S = 30
_SILENT_S = 3.0
_AGAIN_S = 1.0  # after which a key is pressed once more
_LIST, _EXCHANGE, _RELEASE = 0x4A, 0x40, 0x52  # InListPassiveTarget, InDataExchange, InRelease
_WRITE = 0xA0
_PURSES = (5, 6)  # blocks
_LAID = LAYOUTS[BOARD]
_RECORD = 64
_AHEAD = 8  # slots behind the last record in which the next one may be


async def _nothing() -> None:
    """For who is alone."""


class Stuck(RuntimeError):
    """The world waits in vain; this says for what."""


class Stand:
    """One terminal. key: how the oracle knows it. wire: its line, None for one without."""

    def __init__(self, number: int, kind: int, folder: Path, page: bytes, oracle: Oracle,
                 utc_s: int, wire: BadLine | None, key: int = 0):  # fmt: skip
        self.number, self.key = number, key or number
        self.is_pos = kind == messages.POS
        self.folder = folder
        self.wire = wire
        self._oracle = oracle
        address = wire.address if wire else None
        self.terminal = Terminal(folder, page, address, utc_s, pace=PACE)
        self.terminal.attach(asyncio.get_running_loop())
        file = os.open(folder / "flash.bin", os.O_RDWR)
        self._flash = mmap.mmap(file, 0)
        os.close(file)
        oracle.add_terminal(self.key, self.read, _LAID.journal, _LAID.blacklist, number)
        self.page = page
        self.set_up(utc_s)
        self._chip = self.terminal.reader.chip
        self.tells: Callable[[], Awaitable[object]] = _nothing  # what it has, to whoever hears it
        self._execute = self._chip.execute
        self._chip.execute = self._watch
        self.terminal.panel.on_change = self._heard
        self._beeps_before = 0
        self._changed = asyncio.Event()
        self._off()

    def set_up(self, utc_s: int) -> None:
        """Its clock, its counts."""
        self.utc_s, self.off_s, self.drift_s, self._set_s = utc_s, 0, 0, utc_s
        self._slot, self._last = 0, 0
        self.tears = 0
        self.listed: tuple[int, frozenset[int]] | None = None  # as the oracle last saw it
        self._lies_there = False  # a refused card: '#' makes the reader look again

    def _off(self) -> None:
        """Nothing of a boot is left."""
        self._lists = 0  # how often the reader was asked for cards, since the boot
        self._is_listing = False
        self._card = 0  # key of the card that is held there
        self._is_over = False
        self._beeps: list[tuple[str, list[str]]] = []
        self._cards_left = 0
        self._is_cut = False
        self._lies_there = False
        self._fault: Violation | None = None

    # power, clock, flash

    async def boot(self) -> None:
        """Power is there; returns when it looks for cards."""
        self._off()
        self.terminal.start()
        self._oracle.booted(self.key)
        await self._until(lambda: self._is_listing, "boots")

    def power_off(self) -> None:
        """A power cut."""
        self.terminal.kill()
        for card in list(self.terminal.field.cards):
            self.terminal.field.take(card)

    def cut_at_card(self, n: int) -> None:
        """Power fails when the n-th card command from now arrives; 0: it does not."""
        self._cards_left = n

    def shows_time(self, utc_s: int) -> None:
        """It is `utc_s` in the world; its own clock may be off and drift."""
        self.utc_s = utc_s
        drift_s = (utc_s - self._set_s) * self.drift_s // 86400
        assert self.terminal.rtc is not None
        self.terminal.rtc.set(max(0, utc_s + self.off_s + drift_s))

    def set_clock(self, utc_s: int) -> None:
        """Its clock shows this now."""
        self.off_s, self._set_s = utc_s - self.utc_s, self.utc_s
        self.shows_time(self.utc_s)

    def read(self, at: int, length: int) -> bytes:
        """Raw bytes of its flash."""
        return self._flash[at : at + length]

    def last_serial(self) -> int:
        """The highest number in its journal, 0 for none; reads on from where it was last."""
        slots = _LAID.journal.sectors * SECTOR // _RECORD
        ahead = 0
        while ahead < (_AHEAD if self._last else slots):  # ends: nothing newer so far ahead
            slot = (self._slot + ahead) % slots
            at = _LAID.journal.first * SECTOR + slot * _RECORD
            raw = self._flash[at : at + _RECORD]
            (serial,) = struct.unpack_from(">I", raw)
            whole = binascii.crc32(raw[:56]).to_bytes(4, "big") == raw[56:60]
            if self._last < serial < 0xFFFFFFFF and whole:
                self._last, self._slot, ahead = serial, slot, 0
            ahead += 1
        return self._last

    def close(self) -> None:
        """Unplugged."""
        self.terminal.close()
        self._flash.close()

    # people

    async def sell(self, key: int, card: MifareClassic, amount_fen: int, retaps: int,
                   writes_before: int | None = None) -> str | None:  # fmt: skip
        """One customer; a torn card is put back up to `retaps` times. -> the last word said.

        PowerCut; Violation. writes_before: debits of the card when the sale began.
        """
        before = writes_before
        if before is None:
            before = len(self._oracle.cards[key].writes)
        if self.is_pos:
            await self._asks_for(amount_fen)
        said = await self.present(key, card)
        while said in (TORN, None) and retaps:
            retaps -= 1
            await self.tells()  # or the machine chose whether the grey is sent before it is settled
            said = await self.present(key, card)
        if self.is_pos:
            self.terminal.panel.press("*")
        self._oracle.sold(key, before)
        return said

    async def present(self, key: int, card: MifareClassic) -> str | None:
        """The card is held there once, and taken away. -> the last word said, None for silence."""
        await self._until(lambda: self._is_listing, "looks for cards")
        self._card, self._is_over, self._beeps = key, False, []
        self._oracle.began(self.key, bool(self.wire and self.wire.is_up))
        self.terminal.field.put(card)
        if self._is_listing and card.gone:
            self._is_over = True  # it left before it was seen
        else:
            await self._ends(card)
        self.terminal.field.take(card)
        self.tears += card.gone
        self._card = 0
        said = self._said(key)
        self._lies_there = said == REFUSED
        self._oracle.tapped(self.key, key)
        return said

    async def _ends(self, card: MifareClassic) -> None:
        """The tap is over. On a machine that is very busy the reader may answer too late: then the
        firmware sets it up anew, and a card that has left meanwhile is told of by nobody."""
        try:
            await self._until(lambda: self._is_over and self._beeps, "ends a tap", _SILENT_S)
        except Stuck:
            if not (self._is_listing and card.gone):
                await self._until(lambda: self._is_over and self._beeps, "ends a tap")

    def _said(self, key: int) -> str | None:
        """What the panel told of this tap; the oracle hears it."""
        if not self._beeps:
            return None
        led, rows = self._beeps[-1]
        if rows[0] in ("支付成功", "脱机已付"):
            values = tuple(round(float(row.split()[1]) * 100) for row in rows[1:3])
            self._oracle.said(self.key, key, PAID, values)
            return PAID
        said = {"green": PASSED, "red": REFUSED}.get(led, TORN)
        if said == TORN and rows[0] != "请把卡放回":
            said = REFUSED  # it was paid before: the cashier is asked
        self._oracle.said(self.key, key, said)
        return said

    async def _asks_for(self, amount_fen: int) -> None:
        """The cashier clears, enters an amount; returns when the panel asks for a card."""
        panel, asks = self.terminal.panel, f"应付 {yuan(amount_fen)} 元"
        if panel.rows[1].startswith("应付"):
            await self._press("*", lambda: not panel.rows[1].startswith("应付"))
        lists = self._lists + self._lies_there
        await self._press(f"*{amount_fen}#", lambda: panel.rows[1] == asks)
        await self._until(lambda: self._is_listing and self._lists >= lists, "looks again")
        self._lies_there = False

    async def _press(self, keys: str, is_done: Callable[[], bool]) -> None:
        for _ in range(STUCK_S):
            self.terminal.panel.press(keys)
            try:
                await self._until(is_done, keys, _AGAIN_S)
                return
            except Stuck:
                continue
        raise Stuck(f"terminal {self.key} takes no keys: {self.terminal.panel.rows}")

    async def _until(self, is_done: Callable[[], object], what: str, wait_s: float = STUCK_S):
        """Wait for something that reader or panel tell. PowerCut, Violation, Stuck."""
        try:
            async with asyncio.timeout(wait_s):
                while not is_done():  # ends: it is told, or the time is over
                    self._raise()
                    self._changed.clear()
                    await self._changed.wait()
                self._raise()
        except TimeoutError:
            last = self.terminal.last_line
            rows = " / ".join(self.terminal.panel.rows)
            raise Stuck(f"terminal {self.key} never {what}: {rows}; {last}") from None

    def _raise(self) -> None:
        if self._fault:
            raise self._fault
        if self._is_cut:
            raise PowerCut

    # what reader and panel tell

    def _heard(self, panel: Panel) -> None:
        """A beep in a tap is its word; the lamp says which."""
        if self._card and panel.beeps != self._beeps_before:
            self._beeps.append((panel.led, list(panel.rows)))
        self._beeps_before = panel.beeps
        self._changed.set()

    def _watch(self, command: int, data: bytes) -> bytes | None:
        """The chip is asked something. -> its answer."""
        self._changed.set()
        self._is_listing = False
        if command == _EXCHANGE and self._card and not self._may_go_on(data):
            return None
        answer = self._execute(command, data)
        if command == _LIST:
            self._lists += 1
            self._is_listing = answer is None
        elif command == _RELEASE and self._card:
            self._is_over = True
        return answer

    def _may_go_on(self, data: bytes) -> bool:
        """A card command arrives. False: power has failed, or the oracle forbids it."""
        if self._cards_left:
            self._cards_left -= 1
            if not self._cards_left:
                self._is_cut = True
                self.power_off()
                return False
        if data[1] == _WRITE and data[2] in _PURSES:
            try:
                self._oracle.writing(self.key, self._card, data[3:19])
            except Violation as fault:
                self._fault = fault
                return False
        return True
