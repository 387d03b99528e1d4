"""Runs on MicroPython: a target over the hexadecimal lines of its corpus, a verdict a line."""

import gc
import sys

from tests.fuzz import targets
from tests.fuzz.cut import verdict


def play(name, path):
    """Print the verdict of each input, or the exception that no target may let through."""
    call = targets.function(name)
    with open(path) as corpus:
        for line in corpus:
            gc.collect()
            try:
                print(verdict(call(bytes.fromhex(line.split("#")[0].strip()))))
            except Exception as error:
                print("FAIL", repr(error))


if __name__ == "__main__":
    gc.threshold(16384)  # as the terminal does
    play(sys.argv[1], sys.argv[2])
