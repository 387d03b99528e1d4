"""Verifies the image in the chip's first slot as an update does: digest, signature; prints JSON."""

import json
import time

import flash_map

from firmware import release
from firmware.boards import rp2_flash
from protocol import manifest

took = {}


def clocked(name, work):
    """-> what work() returns; its milliseconds are in `took`."""
    began_us = time.ticks_us()
    made = work()
    took[name] = time.ticks_diff(time.ticks_us(), began_us) / 1000
    return made


def verify():
    """True if a key that this image trusts has signed it."""
    from card_layout import p256  # as an update does it: loaded when one is offered

    key = release.KEYS[slot.manifest.key]
    return p256.verify(key, slot.signed[: manifest.SIGNED], slot.signed[manifest.SIGNED :])


slot = rp2_flash.pair(flash_map.slots(), flash_map.SLOTS)[0]
good = clocked("digest_ms", slot.digest_is_right)
good = clocked("signature_first_ms", verify) and good
good = clocked("signature_ms", verify) and good
took["bytes"] = slot.manifest.size
if not good:
    raise ValueError("the image does not hold")
print(json.dumps(took))
