"""An ESP32-S3 on USB: its loader, and after a reset what its flash says.

A pty has no DTR and RTS, so this is a board without the two transistors: it is in the loader when
it was plugged in with BOOT held, or when its firmware asked for it; it leaves by the watchdog that
`esptool --after watchdog-reset` sets. Then it looks at its flash as the second-stage boot loader
does (header, partition table, the app's own SHA-256) and, if that is whole, has a console
(usb_console.py). What it is not: a processor; no byte of the app is run. "unplug@bN": at block N.
"""

import hashlib
import struct

from terminal_sim.esp_rom import FLASH_BYTES, Loader, Unplugged
from terminal_sim.usb_board import UsbBoard
from terminal_sim.usb_console import Console

_ROM = b"ESP-ROM:esp32s3-20210327\r\n"
_TABLE_AT = 0x8000
_BOOT_DRIVE = 78  # here: the loader
_LOADERS = ("flip", "drop", "unplug@b")


class UsbEsp32(UsbBoard):
    """chip_id: its MAC, 6 bytes. holds_boot: the button is held when it is plugged in."""

    def __init__(self, chip_id, folder, reader="", fault="", holds_boot=False):
        is_loaders = fault.startswith(_LOADERS)
        super().__init__(chip_id, folder, reader, "" if is_loaders else fault)
        self.holds_boot = holds_boot
        content = self.flash.read_bytes() if self.flash.exists() else b"\xff" * FLASH_BYTES
        loaders = fault.replace("@b", "@") if is_loaders else ""
        self.loader = Loader(bytearray(content), chip_id, loaders)
        self._console = None
        self._is_loading = False

    def appear(self):
        """Powered."""
        self.open_port()
        if self.holds_boot:
            self.holds_boot = False
            self._load()
        else:
            self._boot()

    def vanish(self):
        """No power, no port."""
        self._stop_console()
        self.close_port()
        self.flash.write_bytes(self.loader.flash)

    def serve(self, seconds):
        """One step."""
        data, is_chip = self.hear(seconds, self._console)
        if data and self._console is not None:
            self._console.type(data)
        elif data and self._is_loading:
            try:
                self.say(self.loader.feed(data))
            except Unplugged:
                self.unplug()
            if self.loader.watchdog:
                self._boot()
        if is_chip:
            said, ended = self._console.read()
            self.say(said)
            if ended is not None:
                self._stop_console()
                self._load() if ended == _BOOT_DRIVE else self._boot()
        if self.fault == "loops" and self._console is not None:
            self._boot()

    def _load(self):
        self._is_loading = True
        self.loader.begin()
        self.say(_ROM + b"boot:0x0 (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n")

    def _boot(self):
        self._stop_console()
        self._is_loading = False
        self.loader.begin()
        self.say(_ROM + b"rst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n")
        try:
            parts = table(self.loader.flash)
            check_app(self.loader.flash, parts["factory"][0])
        except (ValueError, KeyError) as fault:
            self.say(f"invalid header: {fault}\r\n".encode())
            return
        self.flash.write_bytes(self.loader.flash)
        parts["files"] = parts["vfs"]
        told = ";".join(f"{name}={first}:{length}" for name, (first, length) in parts.items())
        environment = {
            "BENCH_FLASH": str(self.flash), "BENCH_CHIP": "esp32s3", "BENCH_MAP": told,
            "BENCH_ID": self.chip_id.hex(), "BENCH_READER": self.reader, "BENCH_UART": "1",
        }  # fmt: skip
        self._console = Console(environment)

    def _stop_console(self):
        if self._console is not None:
            self._console.stop()
            self._console = None
            self.loader.flash[:] = self.flash.read_bytes()


def table(flash):
    """-> {label: (first, bytes)} of the partition table. ValueError."""
    if flash[0] != 0xE9:
        raise ValueError(f"0x{int.from_bytes(flash[:4], 'little'):08x}")
    parts, at = {}, _TABLE_AT
    while flash[at : at + 2] == b"\xaa\x50":
        first, length, label = struct.unpack("<II16s", flash[at + 4 : at + 28])
        parts[label.rstrip(b"\0").decode()] = (first, length)
        at += 32
    told = hashlib.md5(flash[_TABLE_AT:at]).digest()
    if flash[at : at + 2] != b"\xeb\xeb" or flash[at + 16 : at + 32] != told:
        raise ValueError("partition table: MD5")
    return parts


def check_app(flash, at):
    """The app's header and the SHA-256 behind it. ValueError."""
    if flash[at] != 0xE9:
        raise ValueError("no app")
    end = at + 24
    for _ in range(flash[at + 1]):
        end += 8 + int.from_bytes(flash[end + 4 : end + 8], "little")
    end = at + ((end - at) // 16 + 1) * 16
    if flash[at + 23] and hashlib.sha256(flash[at:end]).digest() != flash[end : end + 32]:
        raise ValueError("app: SHA-256")
