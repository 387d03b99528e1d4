"""One terminal of the world: the real firmware under the real interpreter, and what it is wired to.

A folder holds what outlives a power cut: the flash file, with the key page that provisioning
wrote. The process is `micropython` with 320 KiB of heap, firmware/boot.py and a configuration; its
reader is a simulated PN532, its panel a simulated keypad and display, each on a pty. `kill` is a
power cut, `start` after it a power-on. Who runs the event loop calls `attach` once, before `start`:
then a firmware that asks to be restarted is, as on a board. It ends with its world.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from firmware.core.layout import LAYOUTS, SECTOR
from terminal_sim.display import Display
from terminal_sim.doorway import Doorway
from terminal_sim.field import Field
from terminal_sim.image import compiled
from terminal_sim.panel import Panel
from terminal_sim.pins import Pins
from terminal_sim.plumbing import Plumbing
from terminal_sim.port import Pn532Port
from terminal_sim.psam import Line
from terminal_sim.psam_port import PsamPort
from terminal_sim.rtc import Rtc
from terminal_sim.scanner_port import ScannerPort

# A board has its compiled code in ROM; this interpreter keeps it in the heap, with 64-bit objects.
HEAP = "320k"
HEAP_WITH_MORE = "384k"  # who checks signatures (codes, emergencies) or draws
HEAP_WITH_ALL = "448k"  # a till that draws, and takes cards of both kinds, codes and PINs
BOARD = "unix"
STOP_WAIT_S = 5
RESTART = 77  # the firmware's exit code that asks for it


class NoInterpreter(RuntimeError):
    """There is no micropython on this machine."""


def micropython_command() -> str:
    """Path of the interpreter: CAMPUS_MICROPYTHON, beside this Python, or on PATH."""
    beside = Path(sys.executable).parent / "micropython"
    found = os.environ.get("CAMPUS_MICROPYTHON") or (
        str(beside) if beside.exists() else shutil.which("micropython")
    )
    if not found:
        raise NoInterpreter("no micropython: run make setup, or set CAMPUS_MICROPYTHON")
    return found


def provision(path: Path, page: bytes) -> None:
    """A new flash file: all erased but the key page (as the server's enrolment gave it)."""
    flash = bytearray(b"\xff" * (LAYOUTS[BOARD].sectors * SECTOR))
    at = LAYOUTS[BOARD].keys.first * SECTOR
    flash[at : at + len(page)] = page
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(flash)


class Terminal:
    """server: HOST:PORT of the gateway, or None. serial: a pty of a bus instead. utc_s: the
    world's clock, or None for the PC's. has_scanner: it reads codes of phones too. pace: more of
    the board's configuration, such as retry_ms. display: the kind of one with pixels. has_valve:
    a pipe with valve and meter is at it. psam: what sits in its socket for one. has_door: a door
    with its contact, an exit button and a fire loop are. restarts: how often the firmware has asked
    for one."""

    def __init__(
        self,
        folder: Path,
        page: bytes,
        server: str | None,
        utc_s: int | None = None,
        serial: str | None = None,
        has_scanner: bool = False,
        pace: dict[str, Any] | None = None,
        display: str | None = None,
        has_valve: bool = False,
        psam: Line | None = None,
        has_door: bool = False,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._flash = folder / "flash.bin"
        self._log = folder / "log"
        if not self._flash.exists():
            provision(self._flash, page)
        self.field = Field()
        self.reader = Pn532Port(self.field)
        self.panel = Panel()
        self.pins = Pins(folder / "pins")
        self.plumbing = Plumbing(self.pins, folder / "inputs") if has_valve else None
        self.doorway = Doorway(self.pins, folder / "inputs") if has_door else None
        self.scanner = ScannerPort() if has_scanner else None
        self.psam = PsamPort(psam) if psam else None
        if self.psam:
            self.pins.drives["psam"] = self.psam.reset
        self.display = Display(display, folder / "display") if display else None
        self.rtc = None if utc_s is None else Rtc(folder / "rtc", utc_s)
        self._server = server
        self._serial = serial
        self._pace = pace or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watched_fd = -1  # readable when the process has ended
        self.restarts = 0

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let an event loop serve reader, panel and pins, and notice the end of the firmware."""
        self._loop = loop
        for port in self._ports():
            loop.add_reader(port.fileno(), port.on_readable)
        if self.plumbing:
            self.plumbing.attach(loop)

    def start(self) -> None:
        """Power on. NoInterpreter."""
        inputs = self.plumbing or self.doorway
        config = {
            "reader": self.reader.path,
            "panel": self.panel.path,
            "pins": str(self.pins.path),
            "inputs": str(inputs.path) if inputs else None,
            "flash": str(self._flash),
            "rtc": str(self.rtc.path) if self.rtc else None,
            "server": self._server,
            "serial": self._serial,
            "scanner": self.scanner.path if self.scanner else None,
            "psam": self.psam.path if self.psam else None,
            "display": self.display.wiring if self.display else None,
        } | self._pace
        has_more = self.scanner or self.display or self.psam or not self.plumbing
        heap = HEAP_WITH_MORE if has_more else HEAP
        if self.scanner and self.display:
            heap = HEAP_WITH_ALL
        if inputs:
            inputs.power_on()
        path = self._folder / "config.json"
        path.write_text(json.dumps(config))
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [micropython_command(), "-X", f"heapsize={heap}", "-m", "firmware.boot", str(path)],
                cwd=self._folder,  # sources in the current folder would come before MICROPYPATH
                env={"MICROPYPATH": f"{compiled()}:.frozen"},
                stdin=subprocess.PIPE,  # its end is the switch
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._watch()

    @property
    def is_running(self) -> bool:
        """False after a power cut, a stop, or if the firmware ended by itself."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the firmware, 0 if it is off."""
        return self._process.pid if self._process and self.is_running else 0

    def kill(self) -> None:
        """A power cut."""
        if self._process:
            self._process.kill()
            self._end()

    def stop(self) -> dict:
        """End it in order. -> its own report (heap peaks in bytes), {} if it gave none."""
        if not self._process:
            return {}
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_WAIT_S)
        self._process.kill()
        self._end()
        with contextlib.suppress(ValueError):
            return json.loads(self.last_line)
        return {}

    @property
    def last_line(self) -> str:
        """The last thing that the firmware printed: its report, or what ended it."""
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def close(self) -> None:
        """Off, and everything unplugged. The folder stays."""
        self.kill()
        self._unwatch()
        loop = self._loop if self._loop and not self._loop.is_closed() else None
        for port in self._ports():
            if loop and port.fileno() >= 0:
                loop.remove_reader(port.fileno())
            port.close()
        for part in (self.rtc, self.plumbing, self.doorway):
            if part:
                part.close()

    def _ports(self) -> list[Pn532Port | Panel | Pins | ScannerPort | PsamPort | Display]:
        more = [port for port in (self.scanner, self.psam, self.display) if port]
        return [self.reader, self.panel, self.pins, *more]

    def _end(self) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._process = None
        self.pins.power_off()
        if self.display:
            self.display.power_off()

    def _watch(self) -> None:
        self._unwatch()
        if self._loop and self._process:
            self._watched_fd = os.pidfd_open(self._process.pid)
            self._loop.add_reader(self._watched_fd, self._ended, self._process)

    def _unwatch(self) -> None:
        if self._watched_fd < 0:
            return
        if self._loop and not self._loop.is_closed():
            self._loop.remove_reader(self._watched_fd)
        os.close(self._watched_fd)
        self._watched_fd = -1

    def _ended(self, process: subprocess.Popen[bytes]) -> None:
        """The process that was watched has ended: by our doing, or by its own."""
        self._unwatch()
        if process is self._process and process.poll() == RESTART:
            self._end()
            self.restarts += 1
            self.start()
