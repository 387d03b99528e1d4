"""Starts the terminal of /bench.json with a clock at each stage of its taps; prints a line a tap.

The table of core.tap is wrapped before the start; the firmware itself is what the slot holds. A
line is "stages " and JSON: of each stage its name, when it began (microseconds of the chip), and
how many it waited for what it had asked for. Limit: the clock costs each stage some 0.2 ms.
"""

import json
import time

import machine

from firmware import boot
from firmware.core import states, tap

PIN = 25  # high at the moment that the first line names

walked = []


def timed(name, stage, yields):
    """-> the row of the table with a clock around it."""

    def walk(one):
        row = [name, time.ticks_us(), 0]
        walked.append(row)
        steps, answer = stage(one), None
        try:
            while True:  # the stage ends by StopIteration
                request = steps.send(answer)
                asked_us = time.ticks_us()
                answer = yield request
                row[2] += time.ticks_diff(time.ticks_us(), asked_us)
        except StopIteration as end:
            return end.value
        finally:
            steps.close()
            if name == states.SHOW:
                print("stages", json.dumps(walked))
                walked.clear()

    def call(one):
        walked.append([name, time.ticks_us(), 0])
        return stage(one)

    return (walk if yields else call), yields


for state, (stage, yields) in list(tap.STAGES.items()):
    tap.STAGES[state] = timed(state, stage, yields)
pin = machine.Pin(PIN, machine.Pin.OUT, value=0)
pin(1)
print("clock", time.ticks_us())
boot.start("/bench.json", 0)
