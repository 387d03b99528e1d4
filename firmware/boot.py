"""The first file that runs: get the heap in order, start the terminal.

    MICROPYPATH=<compiled packages>:.frozen \\
        micropython -X heapsize=320k -m firmware.boot CONFIG.json

On a board the base firmware calls `start` and says which slot it has started in which mode
(core.slots): that call is all that the two agree on, see docs/image.md. The collector runs early
and often, before the first import: garbage between what stays would cut a small heap into pieces
too small for a batch of records. In safe mode nothing that serves people is loaded: it may be what
fails.
"""

import gc
import sys

GARBAGE_BYTES = 16384  # allocated since the last collection


def start(path, slot=None, mode="normal"):
    """Run the terminal of a configuration file; returns when it is switched off. slot: None where
    one image is all there is."""
    gc.threshold(GARBAGE_BYTES)
    if mode == "safe":
        from firmware import safe

        safe.run(path, slot)
    else:
        from firmware import run

        run.run(path, slot)


if __name__ == "__main__":
    start(sys.argv[1])
