"""An ESP32-S3 through esptool as a library: what it is, and base firmware, table and slot into it.

Our partition table replaces the one in the file of MicroPython. What the flash has already (its MD5
is asked) is not written again, so a board that was unplugged goes on where it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

from esptool import cmds
from esptool import loader as esptool_loader
from esptool.logger import TemplateLogger, log

from firmware.core.layout import LAYOUTS, SECTOR
from tools.flashing.faults import Fault, of_loader
from tools.flashing.files import APP_AT, TABLE_AT, TABLE_BYTES

CHIP = "ESP32-S3"
APP_BYTES = 0x1F0000
SLOT_BYTES = 0x40000
SLOT_AT = 0x200000
DATA_AT = SLOT_AT + 2 * SLOT_BYTES
DATA_BYTES = LAYOUTS["esp32s3"].sectors * SECTOR
FILES_AT = DATA_AT + DATA_BYTES
FILES_BYTES = 0x100000
FLASH_BYTES = 8 << 20  # at least
_PIECE = 0x40000
_APP, _DATA = 0, 1
_SIZES = {f"{1 << n}MB": 1 << n + 20 for n in range(8)}
#             label: (type, subtype, first, bytes)
PARTITIONS = {
    "nvs": (_DATA, 0x02, 0x9000, 0x6000),
    "phy_init": (_DATA, 0x01, 0xF000, 0x1000),
    "factory": (_APP, 0x00, APP_AT, APP_BYTES),
    "slot0": (_DATA, 0x40, SLOT_AT, SLOT_BYTES),
    "slot1": (_DATA, 0x40, SLOT_AT + SLOT_BYTES, SLOT_BYTES),
    "data": (_DATA, 0x41, DATA_AT, DATA_BYTES),
    "vfs": (_DATA, 0x81, FILES_AT, FILES_BYTES),
}
_on_thread = threading.local()


class _Log(TemplateLogger):
    """Prints nothing; progress goes to whoever waits in this thread."""

    def print(self, *args: Any, **kwargs: Any) -> None:
        pass

    note = warning = warn = error = debug = info = success = hint = print
    print_overwrite = stage = set_verbosity = set_progress = print

    def progress_bar(self, cur_iter: int, total_iters: int, *args: Any, **kwargs: Any) -> None:
        told = getattr(_on_thread, "progress", None)
        if told:
            told(cur_iter, total_iters)


# for the whole process: esptool has one. A compressed block that is sent again is of no use.
log.set_logger(_Log())
esptool_loader.WRITE_BLOCK_ATTEMPTS = 1


def table() -> bytes:
    """The partition table, 4 KiB; its form is ESP-IDF's, with the MD5 at its end."""
    rows = b"".join(
        b"\xaa\x50" + struct.pack("<BBII16sI", kind, sub, first, length, label.encode(), 0)
        for label, (kind, sub, first, length) in PARTITIONS.items()
    )
    end = b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(rows).digest()
    return (rows + end).ljust(TABLE_BYTES, b"\xff")


def pieces(base: bytes | None, slot: bytes) -> list[tuple[int, bytes]]:
    """(address, content) of all that is written, sectors filled up."""
    parts = [(SLOT_AT, slot)]
    if base is not None:
        app = base[APP_AT:]
        if len(app) > APP_BYTES:
            raise Fault("bad_base", file="--base", why=f"{len(app)} bytes, at most {APP_BYTES}")
        parts = [(0, base[:TABLE_AT].rstrip(b"\xff")), (APP_AT, app), *parts, (TABLE_AT, table())]
    return [
        (first + at, content[at : at + _PIECE] + b"\xff" * (-len(content[at : at + _PIECE]) % 4))
        for first, content in parts
        for at in range(0, len(content), _PIECE)
    ]


@contextlib.contextmanager
def loader(port: str, before: str, attempts: int = 2) -> Iterator[Any]:
    """The chip in its loader. Away, Fault."""
    esp = None
    try:
        esp = cmds.detect_chip(port, connect_mode=before, connect_attempts=attempts)
        if esp.CHIP_NAME != CHIP:
            raise Fault("other_chip", chip=esp.CHIP_NAME)
        yield esp
    except Fault:
        raise
    except Exception as error:
        raise of_loader(error) from None
    finally:
        with contextlib.suppress(Exception):
            if esp is not None:
                esp._port.close()


def identify(port: str, before: str) -> str:
    """-> the MAC in hexadecimal: what machine.unique_id() says when it runs."""
    with loader(port, before) as esp:
        return bytes(esp.read_mac()).hex()


def write(
    port: str, before: str, content: list[tuple[int, bytes]], progress: Callable[[float], None]
) -> None:
    """All of it, then start what was written. progress: 0.0 to 1.0. Away, Fault."""
    total = sum(len(part) for _, part in content)
    done = 0

    def told(now: int, of: int) -> None:
        progress((done + length * now / max(of, 1)) / total)

    _on_thread.progress = told
    try:
        with loader(port, before, attempts=4) as rom:
            esp = cmds.run_stub(rom)
            cmds.attach_flash(esp)
            size = cmds.detect_flash_size(esp) or "?"
            if _SIZES.get(size, 0) < FLASH_BYTES:
                raise Fault("small_flash", size=size)
            for at, part in content:
                length = len(part)
                if esp.flash_md5sum(at, length) != hashlib.md5(part).hexdigest():
                    cmds.write_flash(esp, [(at, part)])
                done += length
                progress(done / total)
            cmds.reset_chip(esp, "watchdog-reset" if before == "no-reset" else "hard-reset")
            esp._port.close()
    finally:
        _on_thread.progress = None
