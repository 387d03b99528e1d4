"""Starts the terminal, if there are a configuration and a firmware. Ctrl-C ends in the console."""

import os


def _is_there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


if _is_there("/config.json") and _is_there("/slot/firmware/boot.mpy"):
    from firmware import boot

    boot.start("/config.json")
