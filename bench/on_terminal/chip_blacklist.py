"""One look at the blacklist in the chip's flash; prints JSON. An empty loop is taken off."""

import json
import time

import flash_map

from firmware.boards import rp2_flash
from firmware.core.layout import LAYOUTS
from firmware.core.lists import CardList

LOOKS = 500
STEP = 997  # from number to number, so that all of the bitmap is looked at

flash = rp2_flash.Flash(flash_map.data())
cards = CardList(flash, LAYOUTS["rp2"].blacklist, bytearray(flash.sector))
cards.mount()


def looked_us():
    """-> microseconds of LOOKS looks, and how many are listed."""
    found, number = 0, 0
    began_us = time.ticks_us()
    for _ in range(LOOKS):
        number += STEP
        if cards.has(number):
            found += 1
    return time.ticks_diff(time.ticks_us(), began_us), found


def empty_us():
    """-> microseconds of the same without a look."""
    found, number = 0, 0
    began_us = time.ticks_us()
    for _ in range(LOOKS):
        number += STEP
        if number < 0:
            found += 1
    return time.ticks_diff(time.ticks_us(), began_us)


spent_us, found = looked_us()
print(json.dumps({"us": (spent_us - empty_us()) / LOOKS, "found": found, "looks": LOOKS}))
