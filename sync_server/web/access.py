"""Who may come in: the bearer token, the one-time link, the sign-in form's limits.

The token is the key of the machine: random, in a 0600 file beside the database. Programs send it
with each request; whoever can read the file may also open the console with it, or with a one-time
link printed at start. People have accounts (visitors.py). What each may do is core.rights'.
"""

from __future__ import annotations

import hmac
import os
import secrets
import threading
import time
from pathlib import Path

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect

LINK_LIFE_S = 3600
LINKS_MAX = 16
SIGN_IN_RATE = "10 per minute"
NAME_RATE = "30 per hour"  # wrong passwords of one name, from anywhere
LIST_LIMIT_BYTES = 9 * 1024 * 1024  # of core.sheets, and what a form puts around it
PIECE_BYTES = 128 * 1024  # of a form with a file: Werkzeug reads 64 KiB of it at once
WRONG_TOKEN_RATE = "60 per minute"

limiter = Limiter(get_remote_address)
protect = CSRFProtect()


def token_beside(database: Path) -> tuple[str, Path]:
    """(token, path of its file): read from the file beside `database`, made at the first start.

    Raises OSError when the file can be neither read nor made.
    """
    path = database.with_name(database.name + ".token")
    try:
        with open(path, encoding="ascii") as file:
            token = file.read().strip()
    except FileNotFoundError:
        token = ""
    if len(token) >= 32:
        return token, path
    token = secrets.token_urlsafe(32)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    return token, path


class Doorkeeper:
    """Compares tokens in constant time and hands out one-time keys; any thread may call it."""

    def __init__(self, token: str):
        self._token = token.encode()
        self._keys: dict[str, float] = {}
        self._lock = threading.Lock()

    def knows(self, offered: str) -> bool:
        """Is this the token?"""
        return hmac.compare_digest(self._token, offered.encode("utf-8", "replace"))

    def one_time_key(self) -> str:
        """A key that `redeem` accepts once within LINK_LIFE_S; the oldest of many is dropped."""
        key = secrets.token_urlsafe(18)
        with self._lock:
            while len(self._keys) >= LINKS_MAX:
                del self._keys[next(iter(self._keys))]
            self._keys[key] = time.monotonic() + LINK_LIFE_S
        return key

    def redeem(self, key: str) -> bool:
        """True once for each key that is still alive."""
        with self._lock:
            return self._keys.pop(key, 0.0) > time.monotonic()
