"""One look at the blacklist, timed under the interpreter of the terminals; prints one line of JSON.

argv: a flash file with room for the lists of the unix layout, and a file with digest (16 bytes) and
encoded list. It is written by the same code that writes it in the field; the loop without a look is
timed beside it.
"""

import json
import sys
import time

from firmware.boards.unix import FileFlash
from firmware.core.layout import LAYOUTS
from firmware.core.lists import CardList

LOOPS = 20000


def main(path, list_path):
    """Write the list, look 20,000 times, print."""
    flash = FileFlash(path)
    cards = CardList(flash, LAYOUTS["unix"].blacklist, bytearray(flash.sector))
    cards.mount()
    with open(list_path, "rb") as file:
        digest, blob = file.read(16), file.read()
    status = cards.apply_full(1, digest, blob, 1)
    found = 0
    began_us = time.ticks_us()
    for number in range(LOOPS):
        if cards.has(number):
            found += 1
    looked_us = time.ticks_diff(time.ticks_us(), began_us)
    began_us = time.ticks_us()
    for number in range(LOOPS):
        if number < 0:
            found += 1
    empty_us = time.ticks_diff(time.ticks_us(), began_us)
    line = {"status": status, "found": found, "looked_us": looked_us, "empty_us": empty_us}
    print(json.dumps(line))


main(sys.argv[1], sys.argv[2])
