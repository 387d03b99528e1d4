"""One board, from what it is to a tested terminal: the steps, each of which can be done again.

`Board` knows the port and what the board said; `steps` takes it through docs/flash.md's states.
It raises Away when the board is not there at the moment and Fault when a person must act; whoever
runs it (batch.py) waits, goes on or reports. What is done already is looked up on the board.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from firmware.core.layout import SECTOR
from image.build import slot_of
from tools.flashing import claims, esp32s3, files, ports, selftest
from tools.flashing.console import Console
from tools.flashing.faults import Away, Fault
from tools.flashing.work import Work

FOUND, BASE, IMAGE, CLAIMED, KEYED, TESTED, DONE = STATES = (
    "found", "base", "image", "claimed", "keyed", "tested", "done",
)  # fmt: skip
_ASK_BLOCKS = 8
_START_S = 10
Progress = Callable[[str, float], None]


class Order(NamedTuple):
    """What all boards of this run shall become. slot: what goes into slot 0 (slot_of)."""

    image: files.Image
    slot: bytes
    rp2_base: bytes | None
    esp_base: bytes | None
    config: dict[str, Any]
    source: claims.Source | None
    skipped: tuple[str, ...] = ()
    is_anew: bool = False
    is_downgrade: bool = False
    before: str = "default-reset"
    wait_s: float = 3.0

    @classmethod
    def of(cls, image: files.Image, **more: Any) -> Order:
        """With the slot made of the image."""
        return cls(image, slot_of(image.raw), **more)


class Found(NamedTuple):
    """What a port turned out to be. chip: RP2 or ESP32S3. told: what on_board.look said, None for
    an ESP32-S3 in its loader."""

    port: str
    chip: str
    id: str
    told: dict[str, Any] | None

    def describe(self) -> str:
        """For people."""
        name = {ports.RP2: "RP2040", ports.ESP32S3: "ESP32-S3"}[self.chip]
        if self.told is None:
            return f"{name} loader"
        number = f", terminal {self.told['terminal'][0]}" if self.told["terminal"] else ""
        ours = "campus" if self.told["ours"] else "MicroPython"
        return f"{name} {ours} {self.told['python']}{number}"


def identify(port: ports.Port, before: str, wait_s: float) -> Found:
    """Ask the console, then the loader. Away, Fault."""
    try:
        console = Console(port.path, wait_s)
    except Fault as fault:
        if port.may_be == ports.RP2 or fault.name != "mute":
            raise
        return Found(port.path, ports.ESP32S3, esp32s3.identify(port.path, before), None)
    try:
        return look(port.path, console)
    finally:
        console.close()


def look(port: str, console: Console) -> Found:
    """What the board behind an open console says of itself."""
    told = console.ask_json("look")
    chip = ports.ESP32S3 if "ESP32" in told["machine"] or len(told["id"]) == 12 else ports.RP2
    return Found(port, chip, told["id"], told)


def steps(found: Found, order: Order, work: Work, progress: Progress) -> list[selftest.Result]:
    """All that is still to be done. -> the self-test's results. Away, Fault."""
    known = work.of(found.id)
    if found.told and found.told["terminal"] and not order.is_anew:
        number, _ = found.told["terminal"]
        if known.get("number") != number:
            raise Fault("already", number=number)
    _base(found, order, work, progress)
    console = _console(found.port, order.wait_s)
    try:
        here = look(found.port, console)
        if here.id != found.id:
            raise Fault("same_id", ports=found.port, id=f"{found.id}, {here.id}")
        if not here.told or not here.told["ours"]:
            raise Fault("base_needed")
        _image(console, here, order, progress)
        work.note(found.id, state=IMAGE, version=".".join(map(str, order.image.version)))
        _keys(console, here, order, work, progress)
        return _test(console, found, order, work, progress)
    finally:
        console.close()


def finish(port: str, wait_s: float) -> None:
    """Start the terminal."""
    _console(port, wait_s).leave("machine.reset()")


def _console(port: str, wait_s: float) -> Console:
    """The console, which may take some time to come after a start."""
    end_s = time.monotonic() + _START_S
    while time.monotonic() < end_s:
        try:
            return Console(port, wait_s)
        except (Away, Fault):
            time.sleep(0.2)
    return Console(port, wait_s)


def _base(found: Found, order: Order, work: Work, progress: Progress) -> None:
    """An ESP32-S3 in its loader gets base firmware and slot at once; an RP2040 has its base from
    the boot drive (drives.py)."""
    if found.chip != ports.ESP32S3 or found.told is not None:
        return
    if order.esp_base is None:
        raise Fault("base_needed")
    content = esp32s3.pieces(order.esp_base, order.slot)
    esp32s3.write(found.port, order.before, content, lambda part: progress(BASE, part))
    work.note(found.id, state=BASE, chip=found.chip)


def _image(console: Console, here: Found, order: Order, progress: Progress) -> None:
    """Slot 0, block by block, those that are right already left alone."""
    assert here.told is not None
    if not order.is_downgrade:
        files.refuse_older(order.image, [bytes.fromhex(head) for head in here.told["heads"]])
    blocks = [order.slot[at : at + SECTOR] for at in range(0, len(order.slot), SECTOR)]
    right = [digest(block) for block in blocks]
    there = digests(console, "slot0", 0, len(blocks))
    wrong = [number for number in range(len(blocks)) if there[number] != right[number]]
    if wrong:  # no header while its image changes: it goes first and comes back last
        last = len(blocks) - 1
        console.ask("put", "slot0", last, _text(b"\xff" * SECTOR))
        wrong = [number for number in wrong if number != last] + [last]
    for done, number in enumerate(wrong):
        progress(IMAGE, done / len(wrong))
        if console.ask("put", "slot0", number, _text(blocks[number])) != right[number]:
            raise Fault("md5")
    other = files.version_of(bytes.fromhex(here.told["heads"][1]))
    if other is not None and other >= order.image.version:  # the newest is started first
        console.ask("put", "slot1", len(blocks) - 1, _text(b"\xff" * SECTOR))
    progress(IMAGE, 1.0)


def _keys(console: Console, here: Found, order: Order, work: Work, progress: Progress) -> None:
    """Number and keys, if the board does not have them, and the configuration."""
    assert here.told is not None
    known = work.of(here.id)
    number = known.get("number")
    is_keyed = here.told["terminal"] and here.told["terminal"][0] == number
    if not is_keyed or (order.is_anew and known.get("state") not in (KEYED, TESTED)):
        if order.source is None:
            raise Fault("no_claim")
        progress(CLAIMED, 0.0)
        own = claims.make_key(bytes.fromhex(console.ask("entropy")))
        place = work.place_of(here.id)
        page = order.source.page(work, here.id, order.image.kind, own, place)
        number = int.from_bytes(page[8:10], "big")
        work.note(here.id, state=CLAIMED, number=number, kind=order.image.kind, place=place)
        block = page.ljust(SECTOR, b"\xff")
        if console.ask("put", "data", 0, _text(block)) != digest(block):
            raise Fault("md5")
    if console.ask("write_file", "config.json", json.dumps(order.config)) != "True":
        raise Fault("md5")
    work.note(here.id, state=KEYED, number=number)
    progress(KEYED, 1.0)


def _test(
    console: Console, found: Found, order: Order, work: Work, progress: Progress
) -> list[selftest.Result]:
    console.close()  # a soft reset mounts the slot that was written
    console = _console(found.port, order.wait_s)
    try:
        results = selftest.run(console, found.chip, order.config, order.skipped)
    finally:
        console.close()
    work.note(found.id, tests={each.name: each.passed for each in results})
    if all(each.passed for each in results):
        work.note(found.id, state=TESTED)
    progress(TESTED, 1.0)
    return results


def digest(block: bytes) -> str:
    """Of one block, as the board tells it."""
    return hashlib.sha256(block).digest()[:8].hex()


def digests(console: Console, part: str, first: int, count: int) -> list[str]:
    """Of blocks on the board. Away, Fault."""
    told: list[str] = []
    while len(told) < count:
        said = console.ask("digests", part, first + len(told), min(_ASK_BLOCKS, count - len(told)))
        told += [said[at : at + 16] for at in range(0, len(said), 16)]
    return told


def _text(block: bytes) -> str:
    return base64.b64encode(block).decode()


def read_base(path: Path) -> dict[str, bytes]:
    """A base file by its name's end: what of an Order it is. Fault."""
    if path.suffix.lower() == ".uf2":
        return {"rp2_base": files.rp2_base(path)}
    return {"esp_base": files.esp_base(path)}
