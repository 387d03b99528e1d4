"""A pipe (or a wire) at a terminal: what its meter says goes to the firmware as it happens.

The physics is pipework's; here it is given the time, the valve's pin and the pipe of inputs. It is
looked at every STEP_S of the event loop; what flowed meanwhile is stamped as it flowed.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from protocol import tariff
from terminal_sim.inputs import CASE, METER, POWER, Inputs, now_us
from terminal_sim.pins import Pins
from terminal_sim.pipework import Pipework

STEP_S = 0.005
# parameters of a terminal whose pipe is a wire: relay, kWh meter, 0.56 yuan a kWh, as a program
# gives them to the server
RELAY = {
    "pulses_per_kwh": 100,
    "tariff": tariff.pack([(0, tariff.END, 5600)]).hex(),
    "margin_units": 0,
    "no_flow_s": 250,
}


class Plumbing:
    """`pipe` may be given faults, and its tap turned, at any time."""

    def __init__(self, pins: Pins, path: Path, seed: int = 1, units_a_s: int = 10):
        self.pipe = Pipework(seed, units_a_s, begin_us=now_us())
        self._pins = pins
        self._inputs = Inputs(path)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def path(self) -> Path:
        """Of the inputs, for the firmware."""
        return self._inputs.path

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Flow from now on, until `close`."""
        self.step()
        self._timer = loop.call_later(STEP_S, self.attach, loop)

    def step(self) -> None:
        """All that flowed up to now."""
        self.pipe.valve("valve" in self._pins.on)
        for level, at_us in self.pipe.edges(now_us()):
            self._inputs.say(METER, level, at_us)

    def power_on(self) -> None:
        """The terminal starts: it finds the line as it is, and nothing of what was before."""
        self.step()
        self._inputs.forget()
        self._inputs.say(METER, self.pipe.level, now_us())

    def power_fails(self) -> None:
        """The supply's monitor: 50 ms are left."""
        self.step()
        self._inputs.say(POWER, 0, now_us())

    def power_is_back(self) -> None:
        """It was a dip."""
        self._inputs.say(POWER, 1, now_us())

    def case(self, is_open: bool) -> None:
        """Somebody opens or shuts the case."""
        self._inputs.say(CASE, int(is_open), now_us())

    def close(self) -> None:
        """A second call does nothing."""
        if self._timer:
            self._timer.cancel()
        self._inputs.close()
