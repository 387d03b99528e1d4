"""docs/hardware.md says the pins that the board's file says, and its sums are right."""

import json
import re
from pathlib import Path

import pytest

from tools.flashing import ports, selftest

PAGE = (Path(__file__).parents[2] / "docs" / "hardware.md").read_text("utf-8")
ROW = re.compile(r"^\| `(\w+)\.(\w+)` \| GP(\d+) \|", re.MULTILINE)
SPI0 = {"sck": {2, 6, 18, 22}, "mosi": {3, 7, 19, 23}}


def pins(page):
    """(part, name) -> pin, of the tables."""
    return {(part, name): int(pin) for part, name, pin in ROW.findall(page)}


def example(page):
    return json.loads(page.split("```json")[1].split("```")[0])


def faults(page):
    """Yield where the page and the board's file differ."""
    wired = selftest.wiring(ports.RP2, example(page))
    told = pins(page)
    for (part, name), pin in told.items():
        if (wired.get(part) or {}).get(name) != pin:
            yield f"{part}.{name} is not GP{pin}"
    for part, wires in wired.items():
        for name, pin in wires.items() if isinstance(wires, dict) else ():
            is_pin = name not in ("baud", "kind", "half_duplex") and pin is not None
            if is_pin and (part, name) not in told:
                yield f"{part}.{name} is not on the page"
    if len(set(told.values())) != len(told):
        yield "a pin is used twice"
    for name, can in SPI0.items():
        if told.get(("display", name)) not in can:
            yield f"SPI 0 does not reach GP{told.get(('display', name))}"


def test_the_page_has_the_pins_of_the_boards_file():
    assert list(faults(PAGE)) == [] and len(pins(PAGE)) >= 15


@pytest.mark.parametrize("change", [("GP0 ", "GP2 "), ("GP14 ", "GP15 "), ("GP18 ", "GP17 ")])
def test_the_check_can_fail(change):
    assert list(faults(PAGE.replace(*change)))


def test_the_parts_cost_less_than_150_yuan():
    table = PAGE.split("| part | yuan |")[1].split("**together**")
    prices = [int(n) for n in re.findall(r"\| (\d+) \|$", table[0], re.MULTILINE)]
    total = int(re.search(r"\*\*(\d+)\*\*", table[1]).group(1))
    assert sum(prices) == total < 150 and len(prices) >= 7
