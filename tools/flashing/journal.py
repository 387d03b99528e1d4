"""The records of a terminal without a network: read over its console, handed to the server.

Nothing on the board is changed: what the server takes, the terminal offers again when it meets it,
and is told that it is there. Before it is sent, it is in a file. Slots that hold no record are left
out by the server.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.core.layout import LAYOUTS, RECORDS_A_SECTOR, SECTOR, Region
from protocol import record
from tools.flashing import board, claims, ports, work
from tools.flashing.board import digest, digests
from tools.flashing.console import Console
from tools.flashing.faults import Fault

_SLOTS_A_CALL = 4096


def read(port: str, wait_s: float, progress: Callable[[float], None]) -> tuple[int, bytes]:
    """-> (number of the terminal, its slots that are not erased). Away, Fault."""
    console = Console(port, wait_s)
    try:
        found = board.look(port, console)
        if not found.told or not found.told["terminal"]:
            raise Fault("on_board", line="no key page: this board is no terminal")
        region = LAYOUTS["esp32s3" if found.chip == ports.ESP32S3 else "rp2"].journal
        slots = bytearray()
        used = _used(console, region)
        for done, number in enumerate(used):
            sector = base64.b64decode(console.ask("get", "data", number))
            for at in range(0, SECTOR, SECTOR // RECORDS_A_SECTOR):
                slot = sector[at : at + record.SIZE]
                if slot != b"\xff" * record.SIZE:
                    slots += slot
            progress((done + 1) / len(used))
        return found.told["terminal"][0], bytes(slots)
    finally:
        console.close()


def _used(console: Console, region: Region) -> list[int]:
    """Sectors of the region that are not erased."""
    erased = digest(b"\xff" * SECTOR)
    found = digests(console, "data", region.first, region.sectors)
    return [region.first + at for at, told in enumerate(found) if told != erased]


def keep(folder: Path, number: int, slots: bytes) -> Path:
    """-> the file that has them now. Fault."""
    path = folder / f"journal-{number}.bin"
    work.replace(path, slots)
    return path


def hand_in(server: str, token: str, number: int, slots: bytes) -> dict[str, Any]:
    """-> how many got which answer. Fault."""
    counts: dict[str, int] = {}
    step = _SLOTS_A_CALL * record.SIZE
    for at in range(0, len(slots), step):
        body = {"records": slots[at : at + step].hex()}
        path = f"/api/terminals/{number}/journal"
        for name, count in claims.post(server, token, path, body).items():
            counts[name] = counts.get(name, 0) + count
    return counts
