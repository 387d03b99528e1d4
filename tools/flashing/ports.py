"""Where boards are: serial ports by their USB ids, boot drives by the file that names the board.

Ports and drives can also be named (`--port`, `--drive`; patterns are looked at again and again),
for boards behind something that has no USB id, and for tests.
"""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from serial.tools import list_ports

RP2, ESP32S3, ANY = "rp2", "esp32s3", "any"
#       (vendor, product): which chip may be behind it
USB_IDS = {
    (0x2E8A, 0x0005): RP2,  # MicroPython
    (0x303A, 0x1001): ESP32S3,  # its own USB, loader or console
    (0x303A, 0x4001): ESP32S3,  # MicroPython over native USB
    (0x10C4, 0xEA60): ANY,  # CP210x
    (0x1A86, 0x7523): ANY,  # CH340
    (0x1A86, 0x55D3): ANY,  # CH343
}
_INFO = "INFO_UF2.TXT"
_BOARD = "RPI-RP2"
_MOUNTS = Path("/proc/mounts")


class Port(NamedTuple):
    """path: for pyserial. may_be: RP2, ESP32S3 or ANY. usb: its serial number, or ""."""

    path: str
    may_be: str
    usb: str


def ports(named: Sequence[str]) -> list[Port]:
    """The named ones that are there, or all with an id that we know."""
    if named:
        return [Port(path, ANY, "") for pattern in named for path in _there(pattern)]
    return [
        Port(found.device, USB_IDS[found.vid, found.pid], found.serial_number or "")
        for found in sorted(list_ports.comports())
        if (found.vid, found.pid) in USB_IDS
    ]


def is_there(path: str, named: Sequence[str]) -> bool:
    """Is the port plugged in?"""
    return any(port.path == path for port in ports(named))


def incarnation(path: str) -> tuple[int, int] | None:
    """Another one each time that the port comes back, None while it is away."""
    try:
        node = os.lstat(path)
    except OSError:
        return None
    return node.st_ino, node.st_ctime_ns


def drives(named: Sequence[str]) -> list[Path]:
    """Mounted boot drives of RP2040s."""
    folders = [Path(p) for pattern in named for p in _there(pattern)] if named else _mounted()
    return [folder for folder in folders if is_rp2040(folder)]


def is_rp2040(folder: Path) -> bool:
    """Does the drive's own file say that it is an RP2040?"""
    try:
        told = (folder / _INFO).read_text("ascii", "replace")
    except OSError:
        return False
    return any(line.strip() == f"Board-ID: {_BOARD}" for line in told.splitlines())


def _there(pattern: str) -> list[str]:
    if "://" in pattern:
        return [pattern]
    return sorted(glob.glob(pattern))


def _mounted() -> Iterator[Path] | list[Path]:
    if sys.platform == "win32":
        return [Path(f"{letter}:/") for letter in "DEFGHIJKLMNOPQRSTUVWXYZ"]
    if sys.platform == "darwin":
        return list(Path("/Volumes").glob("*"))
    try:
        lines = _MOUNTS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    places = [line.split()[1].encode().decode("unicode_escape") for line in lines]
    return [Path(place) for place in places if _BOARD in place]
