"""What an image of the firmware says of itself: 96 bytes that are signed, 64 of signature.

It checks neither signature nor digest. Source: docs/image.md, which has the table.
"""

import struct
from collections import namedtuple

from protocol.errors import LocalError, RemoteError

MAGIC = b"CIMG"
FORMAT = 1
CHANGED = 1  # flag: built from a tree that is not its commit
SIGNED = 96  # bytes, from the beginning
SIZE = SIGNED + 64  # with the signature: what is offered, and what begins an image file
NO_COMMIT = b"\0" * 20

_FORM = ">4sBB3sBHI32s20s"
_USED = struct.calcsize(_FORM)

Manifest = namedtuple("Manifest", "kind version flags key size digest commit")


def pack(manifest):
    """-> the bytes that are signed. LocalError if a value does not fit."""
    kind, version, flags, key, size, digest, commit = manifest
    limits = (kind < 256, len(version) == 3, flags < 256, key < 1 << 16, size < 1 << 32)
    if not all(limits) or max(version) > 255 or len(digest) != 32 or len(commit) != 20:
        raise LocalError("a value does not fit the manifest")
    values = (MAGIC, FORMAT, kind, bytes(version), flags, key, size, digest, commit)
    return struct.pack(_FORM, *values) + b"\xff" * (SIGNED - _USED)


def parse(raw):
    """-> Manifest of the beginning of `raw`. RemoteError if it is none."""
    if len(raw) < SIZE:
        raise RemoteError(f"a manifest of {len(raw)} bytes")
    magic, form, kind, version, flags, key, size, digest, commit = struct.unpack_from(_FORM, raw)
    if magic != MAGIC or form != FORMAT or raw[_USED:SIGNED] != b"\xff" * (SIGNED - _USED):
        raise RemoteError("no manifest of this format")
    return Manifest(kind, tuple(version), flags, key, size, digest, commit)


def number_of(version):
    """(major, minor, patch) -> one number in the same order."""
    return version[0] << 16 | version[1] << 8 | version[2]
