"""Starts the terminal, if there are a configuration, a key page and a firmware.

Whatever the image does, it ends in a reset and is counted: an exception after a pause in which
Ctrl-C still ends in the console, a loop by the watchdog, which waits from before the first import.
"""

import json
import sys
import time

import machine
import starting

_PATH = "/config.json"
_WATCHDOG_MS = 8000  # as in boards/rp2.py, unless the configuration says another
_PAUSE_MS = 2000


def _config():
    """The configuration; None if there is none, {} if it is no JSON, which the image tells."""
    try:
        with open(_PATH) as file:
            return json.load(file)
    except OSError:
        return None
    except ValueError:
        return {}


def _start(config):
    found = starting.choose()
    if found is None:
        print("no image to start, or no key page")
        return
    watchdog_ms = config.get("watchdog_ms", _WATCHDOG_MS)
    if watchdog_ms:
        machine.WDT(timeout=watchdog_ms)
    print("slot %d, %s" % found)
    try:
        from firmware import boot

        boot.start(_PATH, found[0], found[1])
    except Exception as fault:
        sys.print_exception(fault)
    time.sleep_ms(_PAUSE_MS)
    machine.reset()


_told = _config()
if _told is not None:
    _start(_told)
