"""A board on the bench: power, console, three UARTs, pins, and a flash that outlives the power.

`run` lets its time go on until something is so, or for a while. Whoever watches it is called at
instants of its time (wires, pins), so that a run does not depend on the PC's. After a power cut
the same flash is put into the next Board.
"""

from __future__ import annotations

from collections.abc import Callable

from rp2040py.boards import BOARDS, resolve_firmware
from rp2040py.device import MicroPythonDevice

from hil_tests.emulated.beat import Beat
from hil_tests.emulated.flash import FlashChip
from hil_tests.emulated.uart import Uart
from hil_tests.emulated.usb import Host
from image import base

FLASH_AT = 0x10000000
FLASH_BYTES = 2 * 1024 * 1024
SECOND_NS = 1_000_000_000


class Silent(AssertionError):
    """What was waited for did not happen; the message ends with the console's last words."""


class Board:
    """One power-on. flash: what the flash chip holds, base firmware included; None: as it left
    the factory. console: the USB host's side; heard: all that the board has printed."""

    def __init__(self, flash: bytes | None = None):
        uf2 = str(base.folder() / base.UF2)
        self._device = MicroPythonDevice(board=resolve_firmware(BOARDS["pico"], "micropython", uf2))
        self.chip = self._device.mcu
        self._simulator = self._device.simulator
        if flash is not None:
            self.chip.flash[:FLASH_BYTES] = flash
        self.console = Host(self._device.cdc)
        self.uarts = (Uart(self.chip, 0), Uart(self.chip, 1))
        self.beat = Beat(self.chip)
        self.flash = FlashChip(self.chip, self.notice)
        self._alarm = self.chip.clock.create_alarm(self.notice)
        self.chip.core.pc = FLASH_AT

    @property
    def now_ns(self) -> int:
        """Time since power-on."""
        return round(self.chip.clock.nanos)

    @property
    def heard(self) -> str:
        """The console so far."""
        return self.console.heard.decode("utf-8", "replace")

    def content(self) -> bytes:
        """What the flash chip holds now."""
        return bytes(self.chip.flash[:FLASH_BYTES])

    def at(self, nanoseconds: float, act: Callable[[], object]) -> None:
        """Do something in so many nanoseconds of the board's time, then look again."""

        def due() -> None:
            act()
            self.notice()

        self.chip.clock.create_alarm(due).schedule(nanoseconds)

    def watch(self, pin: int, on_level: Callable[[int, bool], object]) -> None:
        """Call on_level(nanoseconds, level) whenever an output changes."""
        gpio = self.chip.gpio[pin]

        def on_edge(_new: object, _old: object) -> None:
            on_level(self.now_ns, gpio.output_value)

        gpio.add_listener(on_edge)

    def notice(self) -> None:
        """Something happened: whoever runs the board looks whether it is what is waited for."""
        self._simulator.stopped = True

    def run(self, limit_s: float, until: Callable[[], object] = lambda: False) -> bool:
        """Let time go on for at most `limit_s`. -> True as soon as `until` holds, or power failed;
        it is looked at whenever something was noticed."""
        end_ns = self.now_ns + round(limit_s * SECOND_NS)
        while not (until() or self.flash.is_off):
            left_ns = end_ns - self.chip.clock.nanos
            if left_ns <= 0:
                return False
            self._alarm.schedule(left_ns)
            self._simulator.stopped = False
            while not self._simulator.stopped:
                self._simulator._execute_batch()
        return True

    def wait(self, limit_s: float, until: Callable[[], object], what: str) -> None:
        """`run`, or Silent with `what`."""
        if not self.run(limit_s, until) or self.flash.is_off:
            why = "power failed" if self.flash.is_off else f"not within {limit_s} s"
            raise Silent(f"{what}: {why}; console: ...{self.heard[-600:]}")
