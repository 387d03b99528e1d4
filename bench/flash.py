"""Flash: what a record costs, how long it lasts, and how long a boot takes to find it all again.

Bytes and erases are counted by the flash model under the terminal's own journal, with the server
answering each record, or 50 together; the boot is timed under the interpreter of the terminals,
over a file, for a journal that is full of records nobody has answered. Years are reckoned from the
erases of the sector that had most of them. It is not a measurement of a chip.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from bench import on_terminal
from firmware.core.journal import Journal
from firmware.core.layout import LAYOUTS, SECTOR, Region
from protocol import record
from terminal_sim.flash import Flash

RECORDS = 20_480  # whole rounds of the ring, after a first one
RING = 8  # sectors of the ring that is counted: it goes round often
TAPS_A_DAY = 3_000
CYCLES = 100_000
BATCH = 50
BAR_BYTES = 83.2  # 1.3 x 64
BAR_ERASES = 15.625  # 1 for 64 records
_KINDS = {"twice": (1, True), "once": (32, False)}  # a second program of a unit: allowed, forbidden


def measure() -> dict[str, Any]:
    """All of it; bars beside the figures."""
    result: dict[str, Any] = {"bar_bytes": BAR_BYTES, "bar_erases": BAR_ERASES}
    for kind in _KINDS:
        single, batched = wear(kind, 1), wear(kind, BATCH)
        result[kind] = {"singly": single, "in_batches": batched}
        result[kind]["boards"] = {
            board: {
                "records": laid.journal.sectors * SECTOR // 64,
                "years_singly": years(single, laid.journal.sectors),
                "years_in_batches": years(batched, laid.journal.sectors),
            }
            for board, laid in LAYOUTS.items()
        }
    result["boot"] = {board: boot(board) for board in ("unix", "rp2")}
    result["taps_a_day"], result["erase_cycles"] = TAPS_A_DAY, CYCLES
    result["cause"] = (
        "on flash that is programmed once an outcome is a slot of 64 bytes of its own, so a "
        "purchase is two slots"
    )
    return result


def wear(kind: str, batch: int) -> dict[str, Any]:
    """Purchases, each confirmed, answered so many together."""
    unit, reprogram = _KINDS[kind]
    flash = Flash(RING * SECTOR, unit, reprogram)
    journal = Journal(flash, Region(0, RING), 1)
    journal.mount()
    _purchases(journal, RING * 64, batch)
    flash.programmed_bytes = flash.erases = 0
    flash.wear.clear()
    _purchases(journal, RECORDS, batch)
    erases = [flash.wear.get(sector, 0) for sector in range(RING)]
    return {
        "bytes_per_record": round(flash.programmed_bytes / RECORDS, 1),
        "erases_per_1000": round(flash.erases * 1000 / RECORDS, 3),
        "most_over_mean": round(max(erases) * RING / flash.erases, 3),
    }


def years(worn: dict[str, Any], sectors: int) -> int:
    """Until the sector with most erases has had CYCLES of them."""
    a_day = worn["erases_per_1000"] / 1000 * TAPS_A_DAY * worn["most_over_mean"] / sectors
    return round(CYCLES / a_day / 365.25)


def boot(board: str) -> dict[str, Any]:
    """Of a full journal of this board, nothing of it answered; and all of it answered."""
    result: dict[str, Any] = {}
    laid = LAYOUTS[board]
    flash = Flash(laid.sectors * SECTOR)
    journal = Journal(flash, laid.journal, 1)
    journal.mount()
    while not journal.full:  # ends when the ring is
        _purchase(journal)
    result["records"] = journal.queue
    result["none_answered"] = _mounted(flash, board)
    if result["none_answered"]["seen"] != journal.queue:
        raise RuntimeError("the boot does not find what was written")
    while journal.queue:  # ends as each batch is answered
        journal.ack(journal.batch(BATCH)[0])
    result["all_answered"] = _mounted(flash, board)
    return result


def _purchases(journal: Journal, count: int, batch: int) -> None:
    for number in range(1, count + 1):
        _purchase(journal)
        if number % batch == 0:
            journal.ack(journal.batch(batch)[0])


def _purchase(journal: Journal) -> None:
    entry = record.Record(
        journal.serial_next, record.PURCHASE, 0, 0, 1790000000, 7, 1, 100, 5, 900, 0, 0, 0, 0, 0,
        0xFFFFFF, 0,
    )  # fmt: skip
    journal.confirm(journal.intent(entry))


def _mounted(flash: Flash, board: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flash.bin"
        path.write_bytes(b"".join(flash.read(at, SECTOR) for at in range(0, flash.size, SECTOR)))
        told = json.loads(on_terminal.run("journal_mount.py", path, board))
    return {
        "ms": round(told["us"] / 1000, 1), "seen": told["seen"], "flash_reads": told["reads"],
        "flash_bytes_read": told["bytes"],
    }  # fmt: skip
