"""A door at a gate of the world: contact, exit button, fire loop, the wire of the other gate.

What the firmware makes of them is the firmware's; whether the door can be opened is physics:
locked, it opens only by force.
"""

from __future__ import annotations

from pathlib import Path

from terminal_sim.inputs import DOOR, EXIT, FIRE, LANE, Inputs, now_us
from terminal_sim.pins import Pins


class Doorway:
    """is_open, fire, lane: how it stands now."""

    def __init__(self, pins: Pins, path: Path):
        self.is_open = self.fire = self.lane = False
        self._pins = pins
        self._inputs = Inputs(path)

    @property
    def path(self) -> Path:
        """Of the inputs, for the firmware."""
        return self._inputs.path

    @property
    def is_unlocked(self) -> bool:
        """The barrier's output is on."""
        return "barrier" in self._pins.on

    def move(self, is_open: bool, by_force: bool = False) -> bool:
        """Somebody opens or shuts the door. -> False if it is locked."""
        if is_open and not self.is_open and not self.is_unlocked and not by_force:
            return False
        self.is_open = is_open
        self._say(DOOR, is_open)
        return True

    def press(self) -> None:
        """The exit button, for a moment."""
        self._say(EXIT, True)
        self._say(EXIT, False)

    def burn(self, alarm: bool) -> None:
        """The fire loop says alarm, or is well again."""
        self.fire = alarm
        self._say(FIRE, alarm)

    def other_gate(self, is_released: bool) -> None:
        """The wire of the lane."""
        self.lane = is_released
        self._say(LANE, is_released)

    def power_on(self) -> None:
        """The terminal starts: it finds the lines as they are."""
        self._inputs.forget()
        for name, value in ((DOOR, self.is_open), (FIRE, self.fire), (LANE, self.lane)):
            if value:
                self._say(name, value)

    def close(self) -> None:
        """A second call does nothing."""
        self._inputs.close()

    def _say(self, name: bytes, value: bool) -> None:
        self._inputs.say(name, int(value), now_us())
