"""An RP2040 on USB: a console on a pty, or the boot drive RPI-RP2 as a folder of this PC.

The boot drive takes a UF2 file as the chip's boot ROM does: block by block, those of another family
passed over; when all blocks of the file came, it programs them and starts. A flash without code
starts the boot drive again. What it is not: a chip. Its console is the PC's MicroPython
(usb_console.py).
"""

import shutil
import struct
from pathlib import Path

from terminal_sim.usb_board import UsbBoard
from terminal_sim.usb_console import Console

FLASH_BYTES = 2 * 1024 * 1024
MAP = (
    "code=0:655360;slot0=655360:262144;slot1=917504:262144;data=1179648:823296;files=2002944:94208"
)
OTHER_PYTHON = b"a MicroPython that is not ours".ljust(64)  # at the flash's begin
_RESET, _BOOT_DRIVE = 77, 78
_FLASH_AT = 0x10000000
_FAMILY = 0xE48BFF56
_INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n"


class UsbRp2(UsbBoard):
    """drive: Path of the folder while there is no console. taken: UF2 files that were
    programmed."""

    def __init__(self, chip_id, folder, reader="", fault=""):
        super().__init__(chip_id, folder, reader, fault)
        self.drive = Path(folder) / f"RPI-RP2-{chip_id.hex()}"
        self.taken = 0
        self._console = None
        if not self.flash.exists():
            self.flash.write_bytes(b"\xff" * FLASH_BYTES)

    def hold_boot_button(self):
        """Plug it in as a boot drive."""
        with self.lock:
            self.is_plugged = True
            self._start_drive()

    def appear(self):
        """The console, or the boot drive."""
        with open(self.flash, "rb") as file:
            code = file.read(len(OTHER_PYTHON))
        if not code.strip(b"\xff"):
            self._start_drive()
            return
        self.open_port()
        environment = {
            "BENCH_FLASH": str(self.flash),
            "BENCH_CHIP": "rp2-other" if code == OTHER_PYTHON else "rp2", "BENCH_MAP": MAP,
            "BENCH_ID": self.chip_id.hex(), "BENCH_READER": self.reader,
        }  # fmt: skip
        self._console = Console(environment)

    def vanish(self):
        """No port, no drive."""
        if self._console is not None:
            self._console.stop()
            self._console = None
        self.close_port()
        shutil.rmtree(self.drive, ignore_errors=True)

    def serve(self, seconds):
        """One step."""
        if self._console is None:
            self._look_at_drive()
            self._ends.wait(seconds)
            return
        if self.fault == "loops":
            self.say(b"MicroPython v1.25.0; Campus terminal with RP2040\r\n")
            self.again()
            return
        data, is_chip = self.hear(seconds, self._console)
        if data:
            self._console.type(data)
        if is_chip:
            said, ended = self._console.read()
            self.say(said)
            if ended == _BOOT_DRIVE:
                self.vanish()
                self._start_drive()
            elif ended is not None:
                self.again()

    def again(self):
        """A reset: the port vanishes and comes back."""
        self.vanish()
        self.appear()

    def _start_drive(self):
        self.drive.mkdir()
        (self.drive / "INDEX.HTM").write_text("<html></html>")
        (self.drive / "INFO_UF2.TXT").write_text(_INFO)

    def _look_at_drive(self):
        for path in sorted(self.drive.iterdir()):
            if path.suffix.lower() != ".uf2":
                continue
            parts = blocks(path.read_bytes())
            if parts is None:
                continue  # the rest is still to come
            with open(self.flash, "r+b") as file:
                for at, content in parts:
                    file.seek(at - _FLASH_AT)
                    file.write(content)
            self.taken += 1
            self.again()


def blocks(file):
    """-> [(address, content)] of this family's blocks, or None while some are missing."""
    found, count = {}, None
    for start in range(0, len(file) - 511, 512):
        head = struct.unpack_from("<8I", file, start)
        if head[:2] != (0x0A324655, 0x9E5D5157) or head[7] != _FAMILY:
            continue
        _, _, _, at, size, number, count, _ = head
        found[number] = (at, file[start + 32 : start + 32 + size])
    if count is None or len(found) < count:
        return None
    return [found[number] for number in sorted(found)]
