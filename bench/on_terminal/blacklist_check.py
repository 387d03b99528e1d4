"""One look at the blacklist, timed under the interpreter of the terminals; prints one line of JSON.

argv: a flash file with room for the lists of the unix layout, and a file with digest (16 bytes) and
encoded list. It is written by the same code that writes it in the field. An empty loop is timed
beside it, in turns; what is read from flash is counted in a pass of its own, which is not timed.
"""

import json
import sys
import time

from firmware.boards.unix import FileFlash
from firmware.core.layout import LAYOUTS
from firmware.core.lists import CardList

LOOKS = 20000
TURNS = 5


class CountedFlash(FileFlash):
    """Flash that knows how often it was read and how many bytes."""

    def __init__(self, path):
        super().__init__(path)
        self.reads = 0
        self.bytes = 0

    def read(self, at, length):
        """As FileFlash, counted."""
        self.reads += 1
        self.bytes += length
        return super().read(at, length)


def looked_us(cards):
    """-> microseconds of LOOKS looks, and how many of these numbers are listed."""
    found = 0
    began_us = time.ticks_us()
    for number in range(LOOKS):
        if cards.has(number):
            found += 1
    return time.ticks_diff(time.ticks_us(), began_us), found


def empty_us():
    """-> microseconds of the same loop without a look."""
    found = 0
    began_us = time.ticks_us()
    for number in range(LOOKS):
        if number < 0:
            found += 1
    return time.ticks_diff(time.ticks_us(), began_us)


def counted(path, work):
    """-> (reads, bytes read) of LOOKS looks."""
    flash = CountedFlash(path)
    cards = CardList(flash, LAYOUTS["unix"].blacklist, work)
    cards.mount()
    flash.reads = flash.bytes = 0
    for number in range(LOOKS):
        cards.has(number)
    return flash.reads, flash.bytes


def main(path, list_path):
    """Write the list, look in turns, print."""
    flash = FileFlash(path)
    work = bytearray(flash.sector)
    cards = CardList(flash, LAYOUTS["unix"].blacklist, work)
    cards.mount()
    with open(list_path, "rb") as file:
        digest, blob = file.read(16), file.read()
    status = cards.apply_full(1, digest, blob, 1)
    looked, empty = [], []
    found = 0
    for _ in range(TURNS):
        spent_us, found = looked_us(cards)
        looked.append(spent_us)
        empty.append(empty_us())
    reads, read_bytes = counted(path, work)
    line = {
        "status": status, "found": found, "looks": LOOKS, "reads": reads, "bytes": read_bytes,
        "looked_us": sorted(looked)[TURNS // 2], "empty_us": sorted(empty)[TURNS // 2],
    }  # fmt: skip
    print(json.dumps(line))


main(sys.argv[1], sys.argv[2])
