"""The first file that runs: get the heap in order, start the terminal.

    MICROPYPATH=<compiled packages>:.frozen \\
        micropython -X heapsize=320k -m firmware.boot CONFIG.json

On a board the base firmware calls `start`. The collector runs early and often, before the first
import: garbage between what stays would cut a small heap into pieces too small for a batch of
records. What it is not yet: a choice between two images and a safe mode, which come with updates.
"""

import gc
import sys

GARBAGE_BYTES = 16384  # allocated since the last collection


def start(path):
    """Run the terminal of a configuration file; returns when it is switched off."""
    gc.threshold(GARBAGE_BYTES)
    from firmware import run

    run.run(path)


if __name__ == "__main__":
    start(sys.argv[1])
