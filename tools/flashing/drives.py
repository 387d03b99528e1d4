"""RP2040s in BOOTSEL: a checked UF2 file is copied to each drive, which then is gone.

The drives do not say which board they are: what comes back as a port does.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from pathlib import Path

from tools.flashing import ports
from tools.flashing.console import Console
from tools.flashing.faults import Away, Fault

_GONE_S = 30
_COMES_S = 15
_NAME = "CAMPUS.UF2"
_LOOK_S = 0.1
# what a drive says that started its board in the middle of the last close
_ITS_END = (errno.EIO, errno.ENODEV, errno.ENOENT, errno.ENXIO)


def copy(drive: Path, uf2: bytes) -> None:
    """Copy, and wait until the board has started. Fault boot_drive."""
    try:
        with open(drive / _NAME, "wb") as file:
            file.write(uf2)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in _ITS_END:
            raise Fault("boot_drive") from None
    if not _until(lambda: not ports.is_rp2040(drive), _GONE_S):
        raise Fault("boot_drive")


def to_drive(port: ports.Port, named: Sequence[str], wait_s: float) -> Path:
    """Let a board with MicroPython become a drive. -> the new one. Away, Fault boot_drive."""
    before = set(ports.drives(named))
    Console(port.path, wait_s).leave("import machine; machine.bootloader()")
    found: list[Path] = []

    def is_new() -> bool:
        found[:] = [drive for drive in ports.drives(named) if drive not in before]
        return bool(found)

    if not _until(is_new, _COMES_S):
        raise Fault("boot_drive")
    return found[0]


def wait_for(port: str, named: Sequence[str], seconds: float) -> None:
    """Until the port is there. Away."""
    if not _until(lambda: ports.is_there(port, named), seconds):
        raise Away(port)


def somebody(named: Sequence[str], seconds: float) -> list[ports.Port]:
    """The ports that are there, or the first that come: a board that resets in a loop is away half
    of the time."""
    end_s = time.monotonic() + seconds
    while not (there := ports.ports(named)) and time.monotonic() < end_s:
        time.sleep(_LOOK_S)
    return there


def wait_for_more(count: int, named: Sequence[str]) -> None:
    """Until at least so many ports are there, or a while."""
    _until(lambda: len(ports.ports(named)) >= count, _COMES_S)


def _until(true, seconds: float) -> bool:
    end_s = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end_s:
            return False
        time.sleep(_LOOK_S)
    return True
