"""The keys of sessions in a file, for a debugger of the wire. Whoever has the file reads the wire.

A line a handshake: `campus-card-1 ADDRESS SALT KEYS`, SALT = nonce_t 16 || nonce_s 16, KEYS =
terminal key 16 || server key 16, in hex. Off unless asked for; 0600; never the enrolment key.
Source: docs/serial.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from protocol.channel import KEYS_SIZE

Derive = Callable[[bytes, bytes, int], bytes]


class KeyLog:
    """Appends to `path`; OSError if it cannot be opened, is a link, or is no file."""

    def __init__(self, path: Path):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        os.fchmod(descriptor, 0o600)  # one that was there keeps the mode it had
        self._file = os.fdopen(descriptor, "a", encoding="ascii", buffering=1)

    def watching(self, number: int, derive: Derive) -> Derive:
        """The same derivation, each result written down."""

        def derived(salt: bytes, info: bytes, length: int) -> bytes:
            made = derive(salt, info, length)
            keys = made[:KEYS_SIZE].hex()
            self._file.write(f"campus-card-1 {number} {salt.hex()} {keys}\n")
            return made

        return derived

    def close(self) -> None:
        """No more."""
        self._file.close()
