"""A MIFARE purchase: the card commands really sent, and what they cost by the data sheet.

Real firmware pays through the byte-exact reader; the chip's meter counts each card command, the
line each byte. Beside it the usual scheme, a value block with a backup, counted step by step from
the same table of times. Wall time is of the unix board on this machine, where card and UART cost
nothing: a figure to compare runs with, not a chip's.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from terminal_sim import fleet, pn532_tables
from terminal_sim.card_timing import CARD_US, uart_us
from terminal_sim.fleet import Fleet
from terminal_sim.hsu import Hsu
from terminal_sim.mifare import MifareClassic
from terminal_sim.server import ServerProcess
from terminal_sim.terminal import Terminal

TAPS = 200
BAR_MS = 25
BAUD = 115200
# The usual scheme in three sectors, with nothing left out that a cut could need and nothing added:
# two blocks of the log and one of state by WRITE, value and backup by TRANSFER, so five blocks are
# programmed. RESTORE and TRANSFER stay in one sector, so the backup lies beside the value.
USUAL = (
    ("find the card", "select"),
    ("identity", "authenticate", "read"),
    ("purse: value and its backup agree?", "authenticate", "read", "read"),
    ("log: where it ends; record and state 'open'", "authenticate", "read", "write", "write"),
    ("purse: take the amount", "authenticate", "decrement", "transfer"),
    ("purse: read it back, copy to the backup, state 'closed'",
     "read", "restore", "transfer", "write"),
)  # fmt: skip
CARD = {
    "holder_kind": 2, "name": "bench", "uid": "5a00be0c", "valid_until": "2037-12-31", "zones": 1,
    "balance_fen": 1_000_000,
}  # fmt: skip
_NAMES = {
    code: name
    for table in (pn532_tables.CHIP_COMMANDS, pn532_tables.INITIATOR_COMMANDS)
    for code, (name, _) in table.items()
}
_LOOKS_S = 30  # at most, until the firmware has let the card go and looks for the next one
_POLL_S = 0.002
_LOOK = "InListPassiveTarget"


class CountedLine(Hsu):
    """The reader's line: bytes both ways, commands, and when a waiting one met its card."""

    def __init__(self, chip):
        super().__init__(chip)
        self.bytes = 0
        self.commands = Counter()  # the chip's own count has a command that waits twice
        self.met_s = 0.0

    def feed(self, data):
        """As Hsu, counted."""
        return self._counted(super().feed(data), len(data))

    def look_again(self):
        """As Hsu, counted."""
        self.met_s = time.perf_counter()
        return self._counted(super().look_again(), 0)

    def _command(self, body, sends):
        self.commands[_NAMES[body[1]]] += 1
        super()._command(body, sends)

    def _counted(self, sends, heard):
        self.bytes += heard + sum(len(data) for _, data in sends)
        return sends


def measure() -> dict[str, Any]:
    """Counts of one purchase, modelled card milliseconds beside the usual scheme's, wall times."""
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder))
        server.start()
        try:
            taps, report = asyncio.run(_taps(server, Path(folder)))
        finally:
            server.stop()
    worst = max(taps, key=lambda tap: tap["card_us"])
    usual = usual_commands()
    usual_us = sum(CARD_US[name] * n for name, n in usual.items())
    uart_bytes = max(tap["uart_bytes"] for tap in taps)
    return {
        "taps": len(taps),
        "card_commands": worst["card"],
        "card_ms": worst["card_us"] / 1000,
        "bar_card_ms": BAR_MS,
        "usual_card_commands": usual,
        "usual_card_ms": usual_us / 1000,
        "ratio_to_usual": round(worst["card_us"] / usual_us, 3),
        "reader_commands": worst["reader"],
        "uart_bytes": uart_bytes,
        "uart_ms_at_115200": round(uart_us(uart_bytes, BAUD) / 1000, 1),
        "wall_us_median": round(statistics.median(tap["wall_us"] for tap in taps)),
        "heap_live_peak_bytes": report.get("heap_live_peak_bytes"),
        "heap_bytes": report.get("heap_bytes"),
        "reached": worst["card_us"] <= BAR_MS * 1000,
    }


def usual_commands() -> dict[str, int]:
    """Card commands of the usual scheme by name."""
    return dict(Counter(command for _, *commands in USUAL for command in commands))


async def _taps(server: ServerProcess, folder: Path) -> tuple[list[dict[str, Any]], dict]:
    """-> what each tap took, and the firmware's report at its end."""
    async with Fleet(server, folder) as made:
        terminal = made.add("pos", "bench", "bench").terminal
        terminal.reader.hsu = CountedLine(terminal.reader.chip)
        await made.ready()
        card = MifareClassic(bytes.fromhex(str(CARD["uid"])), server.issue([CARD])[0][1])
        await _tap(terminal, card)  # the first purchase of a card and a terminal is not the usual
        taps = [await _tap(terminal, card) for _ in range(TAPS)]
        return taps, await asyncio.to_thread(terminal.stop)


async def _tap(terminal: Terminal, card: MifareClassic) -> dict[str, Any]:
    """One purchase: commands by name, bytes and times, from this look for a card to the next."""
    chip, line = terminal.reader.chip, terminal.reader.hsu
    before, commands = Counter(chip.meter.counts), Counter(line.commands)
    began_us, began_bytes = chip.meter.card_us, line.bytes
    said = await fleet.pay(terminal, card, 100)
    wall_us = (time.perf_counter() - line.met_s) * 1e6
    if said != fleet.ACCEPTED:
        raise RuntimeError(f"a tap was {said}: {' / '.join(terminal.panel.rows)}")
    async with asyncio.timeout(_LOOKS_S):
        while line.commands[_LOOK] == commands[_LOOK]:  # ends: it looks for the next card
            await asyncio.sleep(_POLL_S)
    return {
        "card": dict(Counter(chip.meter.counts) - before),
        "card_us": chip.meter.card_us - began_us,
        "reader": dict(line.commands - commands),
        "uart_bytes": line.bytes - began_bytes,
        "wall_us": wall_us,
    }
