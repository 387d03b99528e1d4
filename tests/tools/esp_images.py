"""An ESP32-S3 base file as MicroPython gives them out: boot loader, partition table, app, in one.

Made with esptool's own classes; the code in it is random bytes, and no chip here runs it.
"""

import random
import tempfile
from pathlib import Path

from esptool.bin_image import ESP32S3FirmwareImage, ImageSegment

APP_AT = 0x10000


def image(seed, length):
    """-> an image of one RAM and one flash segment, with its SHA-256 behind it."""
    dice = random.Random(seed)
    made = ESP32S3FirmwareImage()
    made.entrypoint = 0x40374000
    made.append_digest = True
    code = bytes(dice.choices(range(64), k=length))
    data = ImageSegment(0x3FC91000, dice.randbytes(2048), 0)
    made.segments = [data, ImageSegment(0x40374000, code, 0)]
    for segment in made.segments:
        segment.include_in_checksum = True
        segment.name = "made"
        segment.flags = 0
    with tempfile.NamedTemporaryFile() as file:
        made.save(file.name)
        return Path(file.name).read_bytes()


def base(app_bytes=60_000, seed=1):
    """-> the file's bytes; its partition table is not ours."""
    file = bytearray(image(seed, 12_000))
    file += b"\xff" * (APP_AT - len(file))
    file[0x8000:0x8020] = b"\xaa\x50" + b"\0" * 30
    return bytes(file) + image(seed + 1, app_bytes)
