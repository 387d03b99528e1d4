"""A MIFARE purchase: the card commands really sent, and what they cost by the data sheet.

Real firmware pays through the byte-exact reader; its meter counts each card command. Beside it the
usual scheme, a value block with a backup in each of two sectors, counted from the same table of
times. Wall time is of the unix board on this machine: a figure to compare runs with, not a chip's.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from terminal_sim import fleet
from terminal_sim.card_timing import CARD_US, uart_us
from terminal_sim.fleet import Fleet
from terminal_sim.mifare import MifareClassic
from terminal_sim.server import ServerProcess

TAPS = 200
BAR_MS = 25
USUAL_MS = 80
BAUD = 115200
# Value block, backup and record in sectors of their own, as published schemes do it: select, four
# authentications, identity and both values read, decrement and restore with a transfer each, and
# three blocks of record and state written.
USUAL = {
    "select": 1, "authenticate": 4, "read": 5, "decrement": 1, "restore": 1, "transfer": 2,
    "write": 5,
}  # fmt: skip
CARD = {
    "holder_kind": 2, "name": "bench", "uid": "5a00be0c", "valid_until": "2037-12-31", "zones": 1,
    "balance_fen": 1_000_000,
}  # fmt: skip


def measure() -> dict[str, Any]:
    """Counts of one purchase, modelled card milliseconds beside the usual scheme's, wall times."""
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder))
        server.start()
        try:
            return asyncio.run(_measure(server, Path(folder)))
        finally:
            server.stop()


async def _measure(server: ServerProcess, folder: Path) -> dict[str, Any]:
    async with Fleet(server, folder) as made:
        terminal = made.add("pos", "bench", "bench").terminal
        await made.ready()
        card = MifareClassic(bytes.fromhex(str(CARD["uid"])), server.issue([CARD])[0][1])
        meter = terminal.reader.chip.meter
        counts, card_us, walls_us = {}, 0, []
        for tap in range(TAPS):
            before, spent = dict(meter.counts), meter.card_us
            began_s = time.perf_counter()
            if await fleet.pay(terminal, card, 100) != fleet.ACCEPTED:
                raise RuntimeError(f"tap {tap} was not accepted: {terminal.panel.rows}")
            walls_us.append((time.perf_counter() - began_s) * 1e6)
            counts = {
                name: n - before[name] for name, n in meter.counts.items() if n - before[name]
            }
            card_us = meter.card_us - spent
            await asyncio.sleep(0.005)  # the card is let go before the next count begins
        heap = terminal.stop()
    counts.pop("halt", None)
    usual_us = sum(CARD_US[name] * n for name, n in USUAL.items())
    return {
        "card_commands": counts,
        "card_ms": card_us / 1000,
        "bar_card_ms": BAR_MS,
        "usual_card_commands": USUAL,
        "usual_card_ms": usual_us / 1000,
        "ratio_to_usual": round(card_us / usual_us, 3),
        "uart_ms_at_115200": round(_uart_bytes_us() / 1000, 1),
        "wall_us_median": round(statistics.median(walls_us)),
        "heap_live_peak_bytes": heap.get("heap_live_peak_bytes"),
        "reached": card_us / 1000 <= BAR_MS,
    }


def _uart_bytes_us() -> int:
    """Both directions of the seven commands of a purchase, frames and acknowledgements included."""
    around = 9 + 6  # frame around a command's data, and the chip's ACK
    answers = 9
    lengths = ((2, 13), (13, 1), (3, 17), (3, 17), (3, 17), (19, 1), (3, 17))
    total = sum(around + out + answers + back for out, back in lengths)
    return uart_us(total, BAUD)
