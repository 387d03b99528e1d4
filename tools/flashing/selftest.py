"""The self-test's results in plain words: flash, clock, reader, outputs.

`run` asks the board; what it answers is judged here. The clock is compared with this computer's:
within 5 % over half a second, which finds a crystal that does not swing and no more. Outputs are
read back at the pin: whether the lamp or the relay behind it moved, people must see.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from tools.fault import LANGUAGES
from tools.flashing import ports
from tools.flashing.console import Console

FLASH, CLOCK, READER, OUTPUTS = TESTS = ("flash", "clock", "reader", "outputs")
_CLOCK_S = 0.5
_CLOCK_OFF = 0.05
_TICKS = 1 << 30  # where ticks_ms begins anew, or a divisor of it
# the second UART: the first is the console of most boards
ESP32S3_WIRING = {
    "reader": {"uart": 1, "tx": 17, "rx": 18, "baud": 115200},
    "pins": {"barrier": 15},
}
# An RP2040's own table, without the modules of a board that its file imports. Read here, not when
# a board is tested: threads must not build syntax trees side by side (CPython issue 106905).
RP2_WIRING = next(
    ast.literal_eval(node.value)
    for node in ast.parse(
        (Path(__file__).parents[2] / "firmware" / "boards" / "rp2.py").read_text("utf-8")
    ).body
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "WIRING"
)
_WORDS = {
    ("flash", True): ("闪存：写入读回正确", "flash: writes and reads back"),
    ("flash", False): (
        "闪存：读回不对，这块板放到一边",
        "flash: reads back something else, put this board aside",
    ),
    ("clock", True): ("时钟：正常", "clock: right"),
    ("clock", False): (
        "时钟：{told}，晶振不对，这块板放到一边",
        "clock: {told}, its crystal is wrong, put this board aside",
    ),
    ("reader", True): ("读卡器：{told}", "reader: {told}"),
    ("reader", False): (
        "读卡器：{told}。检查引脚 {tx}→RXD、{rx}→TXD、电源，PN532 拨到 HSU（两个开关都在 0）",
        "reader: {told}; check pin {tx} to RXD, pin {rx} to TXD, power, and that both switches"
        " of the PN532 are at 0 (HSU)",
    ),
    ("outputs", True): ("输出：{told}，引脚跟随", "outputs: {told}, the pins follow"),
    ("outputs", False): (
        "输出：{told} 的引脚不跟随，检查短路",
        "outputs: the pin of {told} does not follow, look for a short",
    ),
}
_READER = {"silent": ("无应答", "no answer"), "nonsense": ("应答混乱", "answers nonsense")}


class Result(NamedTuple):
    """name: of TESTS. words: 中文, English."""

    name: str
    passed: bool
    words: tuple[str, str]

    def says(self, language: str) -> str:
        """In plain words."""
        return self.words[LANGUAGES.index(language)]


def wiring(chip: str, config: dict[str, Any]) -> dict[str, Any]:
    """What is connected where: the board's own table, and the configuration over it."""
    return (ESP32S3_WIRING if chip == ports.ESP32S3 else RP2_WIRING) | config


def run(
    console: Console, chip: str, config: dict[str, Any], skipped: Collection[str]
) -> list[Result]:
    """One Result a test that is not skipped."""
    wired = wiring(chip, config)
    tests = {FLASH: _flash, CLOCK: _clock, READER: _reader, OUTPUTS: _outputs}
    return [tests[name](console, wired) for name in TESTS if name not in skipped]


def result(name: str, passed: bool, told: tuple[str, str] | str = "", **more: int) -> Result:
    """A Result with its words."""
    pair = (told, told) if isinstance(told, str) else told
    words = _WORDS[name, passed]
    zh, en = (word.format(told=say, **more) for word, say in zip(words, pair, strict=True))
    return Result(name, passed, (zh, en))


def _flash(console: Console, wired: dict[str, Any]) -> Result:
    return result(FLASH, console.ask("test_flash") == "True")


def _clock(console: Console, wired: dict[str, Any]) -> Result:
    """What the board counted lies between the shortest and the longest that it can have been."""
    asked_s = time.monotonic()
    first_ms = int(console.ask("ticks"))
    began_s = time.monotonic()
    time.sleep(_CLOCK_S)
    ended_s = time.monotonic()
    counted_s = (int(console.ask("ticks")) - first_ms) % _TICKS / 1000
    longest_s = time.monotonic() - asked_s
    low, high = (ended_s - began_s) * (1 - _CLOCK_OFF), longest_s * (1 + _CLOCK_OFF)
    told = f"{counted_s:.3f} s / {ended_s - began_s:.3f}-{longest_s:.3f} s"
    return result(CLOCK, low <= counted_s <= high, told)


def _reader(console: Console, wired: dict[str, Any]) -> Result:
    reader = wired["reader"]
    uart = reader.get("uart", 0)  # an RP2040's reader is at the first, always
    said = console.ask_json("test_reader", uart, reader["baud"], reader["tx"], reader["rx"])
    passed = said not in _READER
    return result(READER, passed, _READER.get(said, said), tx=reader["tx"], rx=reader["rx"])


def _outputs(console: Console, wired: dict[str, Any]) -> Result:
    pins = wired["pins"] or {}
    stuck = console.ask_json("test_pins", pins)
    return result(OUTPUTS, not stuck, ", ".join(stuck or pins) or "-")
