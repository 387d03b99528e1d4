"""Which slot is started. The rules are the firmware's own (`firmware.core.slots`), frozen beside.

They have the names of modules of the image that is started later: they are imported from the base
firmware alone, and forgotten before the image's own are needed.
"""

import sys

import flash_map
import vfs

_AT = "/slot"
_mounted = None


def look():
    """Mount an image for the console, if there is one; nothing is counted or tried."""
    found = _with_ours(_newest)
    if found is not None:
        _mount(found)


def choose():
    """Count the start, mount the image that is chosen. -> (slot, mode), or None: nothing to start,
    or no key page, so there is no terminal yet."""
    found = _with_ours(_choose)
    if found is not None:
        _mount(found[0])
    return found


def _with_ours(work):
    path = sys.path[:]
    sys.path[:] = [".frozen"]
    try:
        return work()
    finally:
        sys.path[:] = path
        for name in list(sys.modules):
            if name.split(".")[0] in ("firmware", "protocol"):
                del sys.modules[name]


def _newest():
    from firmware.boards import rp2_flash
    from firmware.core import slots

    pair = rp2_flash.pair(flash_map.slots(), flash_map.SLOTS)
    whole = [n for n in range(len(pair)) if pair[n].state not in (slots.ERASED, slots.WRITING)]
    whole.sort(key=lambda n: (pair[n].state == slots.CONFIRMED, pair[n].manifest.version))
    return whole[-1] if whole else None


def _choose():
    from firmware.boards import rp2_flash, rp2_restarts
    from firmware.core import slots
    from protocol import keypage

    page = keypage.unpack(rp2_flash.Flash(flash_map.data()).read(0, keypage.SIZE))
    if page is None:
        return None
    pair = rp2_flash.pair(flash_map.slots(), flash_map.SLOTS)
    fails = rp2_restarts.read()
    start = slots.choose(pair, page.kind, fails)
    if start is None:
        return None
    if pair[start.slot].state == slots.CONFIRMED:
        rp2_restarts.write(fails + 1)
    return start.slot, start.mode


def _mount(number):
    global _mounted
    if number == _mounted:
        return
    if _mounted is not None:
        vfs.umount(_AT)
        _mounted = None
    try:
        vfs.mount(vfs.VfsRom(flash_map.slot(number)), _AT)
    except OSError:
        return
    _mounted = number
    if _AT not in sys.path:
        sys.path.insert(0, _AT)
