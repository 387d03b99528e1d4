"""One terminal, and what a hand can do to it: keys, cards, a phone, the plugs.

`do` takes an order of the page, `state` says what is seen and heard. Anything in an order is
checked: it comes over a socket.
"""

from __future__ import annotations

import asyncio
import base64
import struct
import zlib
from collections.abc import Callable
from typing import Any

from terminal_sim.doorway import Doorway
from terminal_sim.fleet import Place
from terminal_sim.iso_dep import IsoDepCard
from terminal_sim.mifare import MifareClassic
from terminal_sim.phone import Phone
from terminal_sim.play.tray import Thing
from terminal_sim.wire import Wire

KEYS = "0123456789.*#+ABCD"
_MOST_KEYS = 8
_PULSE = 1_000_000  # of the meter, in millionths
_STAYS_S = 0.15  # after the beep, before a card is taken from where it lay


class Seat:
    """what: its kind, or "relay" where a valve's app drives a relay; place: the terminal; wire: its
    line; tray: what is on the table. on_change: called when there is something new to see or to
    hear."""

    def __init__(self, what: str, place: Place, wire: Wire, tray: list[Thing]):
        self.what = what
        self.place = place
        self.on_change: Callable[[Seat], None] | None = None
        self._wire = wire
        self._tray = tray
        self._held: int | None = None
        self._shown = ""  # the last code of the phone, for who shows it twice
        self._beeps: list[str] = []
        terminal = place.terminal
        terminal.panel.on_beep = self._beeped
        terminal.panel.on_change = lambda _: self._changed()
        terminal.pins.on_change = self._changed
        if terminal.display:
            terminal.display.on_change = self._changed

    def do(self, order: dict[str, Any]) -> None:
        """One order of the page; ValueError if there is no such thing."""
        what = str(order.get("do"))
        if what not in _ORDERS:
            raise ValueError(f"no order {what!r}")
        _ORDERS[what](self, order)
        self._changed()

    def state(self) -> dict[str, Any]:
        """What is seen now, and the beeps since the last state."""
        terminal = self.place.terminal
        beeps, self._beeps = self._beeps, []
        return {
            "number": self.place.number,
            "kind": self.what,
            "name": self.place.name,
            "lamp": terminal.panel.led if terminal.is_running else "off",
            "rows": terminal.panel.rows if terminal.is_running else [],
            "beeps": beeps,
            "picture": picture(terminal.display.glass) if terminal.display else None,
            "power": terminal.is_running,
            "network": self._wire.is_up,
            "outputs": sorted(terminal.pins.on) if terminal.is_running else [],
            "held": self._held,
            "scans": terminal.scanner is not None,
            "tap": terminal.plumbing.pipe.tap_open if terminal.plumbing else None,
            "pulses": terminal.plumbing.pipe.flowed // _PULSE if terminal.plumbing else None,
            "door": terminal.doorway.is_open if terminal.doorway else None,
            "fire": terminal.doorway.fire if terminal.doorway else None,
        }

    def _press(self, order: dict[str, Any]) -> None:
        keys = str(order.get("keys", ""))[:_MOST_KEYS]
        if not keys or any(key not in KEYS for key in keys):
            raise ValueError("no such key")
        self.place.terminal.panel.press(keys)

    def _hold(self, order: dict[str, Any]) -> None:
        self._take(order)
        at, thing = self._thing(order)
        if isinstance(thing.body, Phone):
            self._show(thing.body, bool(order.get("again")))
            return
        if order.get("tears"):
            thing.tear()
        self._held = at
        self.place.terminal.field.put(thing.body)

    def _take(self, order: dict[str, Any]) -> None:
        if self._held is not None:
            body = self._body(self._held)
            body.leave_after(None)
            self.place.terminal.field.take(body)
            self._held = None

    def _power(self, order: dict[str, Any]) -> None:
        terminal = self.place.terminal
        if order.get("on") and not terminal.is_running:
            terminal.start()
        elif not order.get("on"):
            terminal.kill()

    def _network(self, order: dict[str, Any]) -> None:
        if order.get("on"):
            self._wire.up()
        else:
            self._wire.down()

    def _body(self, at: int) -> MifareClassic | IsoDepCard:
        """Of a card; a phone is never held to the reader."""
        body = self._tray[at].body
        assert not isinstance(body, Phone)
        return body

    def _turn(self, order: dict[str, Any]) -> None:
        plumbing = self.place.terminal.plumbing
        if plumbing is None:
            raise ValueError("there is no water here")
        plumbing.step()  # what flowed until now
        plumbing.pipe.tap_open = bool(order.get("on"))

    def _door(self, order: dict[str, Any]) -> None:
        is_open = bool(order.get("on"))
        if not self._doorway().move(is_open, bool(order.get("force"))):
            raise ValueError("the door is locked")

    def _exit(self, order: dict[str, Any]) -> None:
        self._doorway().press()

    def _fire(self, order: dict[str, Any]) -> None:
        self._doorway().burn(bool(order.get("on")))

    def _doorway(self) -> Doorway:
        doorway = self.place.terminal.doorway
        if doorway is None:
            raise ValueError("there is no door here")
        return doorway

    def _thing(self, order: dict[str, Any]) -> tuple[int, Thing]:
        at = order.get("thing")
        if not isinstance(at, int) or not 0 <= at < len(self._tray):
            raise ValueError("no such card")
        return at, self._tray[at]

    def _show(self, phone: Phone, again: bool) -> None:
        scanner = self.place.terminal.scanner
        if scanner is None:
            raise ValueError("this terminal reads no codes")
        self._shown = self._shown if again and self._shown else phone.show()
        scanner.show(self._shown)

    def _beeped(self, word: str) -> None:
        self._beeps.append(word)
        if self._held is not None and self._body(self._held).gone:  # it left by itself
            asyncio.get_running_loop().call_later(_STAYS_S, self._take, {})

    def _changed(self) -> None:
        if self.on_change:
            self.on_change(self)


_ORDERS: dict[str, Callable[[Seat, dict[str, Any]], None]] = {
    "press": Seat._press,
    "hold": Seat._hold,
    "take": Seat._take,
    "power": Seat._power,
    "network": Seat._network,
    "turn": Seat._turn,
    "door": Seat._door,
    "exit": Seat._exit,
    "fire": Seat._fire,
}


def picture(glass: Any) -> str:
    """The pixels as a PNG (ISO/IEC 15948), in a data URL."""
    rgb, wide = glass.rgb(), 3 * glass.WIDTH
    rows = b"".join(b"\0" + rgb[at : at + wide] for at in range(0, len(rgb), wide))
    head = struct.pack(">IIBBBBB", glass.WIDTH, glass.HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()
