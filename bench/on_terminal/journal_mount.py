"""A journal found again after a boot, timed under the interpreter of the terminals; prints JSON.

argv: a flash file, and the board whose layout it has. The mount does what a terminal's does: every
record that waits is looked at. What is read from flash is counted in a mount of its own.
"""

import gc
import json
import sys
import time

from firmware.boards.unix import FileFlash
from firmware.core.journal import Journal
from firmware.core.layout import LAYOUTS

TURNS = 3


class CountedFlash(FileFlash):
    """Flash that knows how often it was read and how many bytes."""

    reads = 0
    bytes = 0

    def read(self, at, length):
        """As FileFlash, counted."""
        self.reads += 1
        self.bytes += length
        return super().read(at, length)


def mounted(flash, region):
    """-> (microseconds, records seen, records that wait)."""
    gc.collect()
    seen = [0]

    def visit(raw, outcome):
        seen[0] += 1

    journal = Journal(flash, region, 1)
    began_us = time.ticks_us()
    journal.mount(visit)
    return time.ticks_diff(time.ticks_us(), began_us), seen[0], journal.queue


def main(path, board):
    """Mount in turns, print."""
    region = LAYOUTS[board].journal
    spent = sorted(mounted(FileFlash(path), region)[0] for _ in range(TURNS))
    counted = CountedFlash(path)
    _, seen, waiting = mounted(counted, region)
    line = {
        "us": spent[TURNS // 2], "seen": seen, "waiting": waiting, "reads": counted.reads,
        "bytes": counted.bytes,
    }  # fmt: skip
    print(json.dumps(line))


main(sys.argv[1], sys.argv[2])
