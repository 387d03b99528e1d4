"""Accounts of people who work here, what waits for a second one, the log: asked by the web.

Passwords are hashed here with argon2id (RFC 9106, its second recommended choice: 64 MiB), two at a
time at most. What it is not: rate limits and cookies, those are the web's.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from sync_server.core.audit import Act
from sync_server.gateway.refusals import Impossible

if TYPE_CHECKING:
    from sync_server.store.store import Store

PASSWORD_LEAST, PASSWORD_MOST = 10, 200  # characters
HASHING_AT_ONCE = 2  # each takes 64 MiB
_GIVEN_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
_PAGE = 50
_LOOKED_AT = 2000  # rows of the log, with every look at its page


class Offices:
    """Part of the orders. do: runs a change in the writer thread and keeps it in the log."""

    def __init__(self, store: Store, do: Callable[..., Any], relist: Callable[..., dict[str, Any]]):
        self._store = store
        self._do = do
        self._relist = relist
        self.hasher = PasswordHasher()
        self._hashing = threading.BoundedSemaphore(HASHING_AT_ONCE)
        self._nobody = ""  # a hash of no password: a name that is none takes as long

    # accounts

    def add(self, wish: dict[str, Any], by: str) -> tuple[int, str]:
        """-> (id, a password that must be changed at once, told this once)."""
        password = given_password()
        hashed = self.hashed(password)
        return self._do(self._store.officers.add, wish, hashed, by, _now_s()), password

    def give_password(self, number: int) -> str:
        """A new one for somebody who forgot theirs; every session of theirs ends."""
        self.known(number)
        password = given_password()
        self._do(self._store.officers.set_password, number, self.hashed(password), False)
        return password

    def change_password(self, number: int, old: str, new: str) -> None:
        """One's own. Impossible says why not."""
        name = self.known(number)["name"]
        if self.sign_in(name, old) != number:
            raise Impossible("the old password is wrong", 403)
        if not PASSWORD_LEAST <= len(new) <= PASSWORD_MOST:
            raise Impossible(f"a password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters")
        if new == old or name in new.lower():
            raise Impossible("the new password must be another one, without your name in it")
        self._do(self._store.officers.set_password, number, self.hashed(new), True)

    def close(self, number: int) -> None:
        """The account ends."""
        self.known(number)
        self._do(self._store.officers.close, number, _now_s())

    def sign_in(self, name: str, password: str) -> int | None:
        """-> the id of an open account if this is its password. A name that is none takes the
        time of one that is."""
        found = self._store.officers.password_of(name)
        with self._hashing:
            if not self._nobody:
                self._nobody = self.hasher.hash(secrets.token_urlsafe(9))
            try:
                self.hasher.verify(found[1] if found else self._nobody, password[:PASSWORD_MOST])
            except (Argon2Error, InvalidHashError):
                return None
        return found[0] if found else None

    def hashed(self, password: str) -> str:
        """argon2id, with its salt and costs."""
        with self._hashing:
            return self.hasher.hash(password)

    def is_name(self, name: str) -> bool:
        """Is there an open account of this name?"""
        return self._store.officers.password_of(name) is not None

    def officer(self, number: int) -> dict[str, Any] | None:
        """The row of an account, without its password."""
        return self._store.officers.get(number)

    def known(self, number: int) -> dict[str, Any]:
        """The same of one that is open. Impossible 404."""
        row = self._store.officers.get(number)
        if row is None or row["closed_utc_s"] is not None:
            raise Impossible(f"there is no open account {number}", 404)
        return row

    def officers(self) -> list[dict[str, Any]]:
        """All accounts."""
        return self._store.officers.all()

    # two persons

    def waiting(self) -> dict[str, list[dict[str, Any]]]:
        """requests that wait, losses that the brake holds, and what was decided lately."""
        return {
            "requests": self._store.requests.find(True, _PAGE),
            "losses": self._store.lists.losses_waiting(),
            "decided": self._store.requests.find(False, _PAGE),
        }

    def decide(self, number: int, granted: bool, by: str) -> None:
        """Grant or refuse; what it does to the lists goes to the terminals at once."""
        self._relist(self._store.decisions.decide, number, granted, by, _now_s())

    def take_back(self, number: int, by: str) -> None:
        """Whoever asked wants it no more."""
        self._do(self._store.decisions.take_back, number, by, _now_s())

    # the log

    def note(self, act: Act) -> None:
        """Keep an act that changed nothing in the database."""
        self._do(self._store.audit.note, act, _now_s())

    def acts(self, before: int, who: str = "", subject: str = "") -> list[dict[str, Any]]:
        """Some rows of the log below a number, newest first."""
        return self._store.audit.acts(before, _PAGE, who, subject)

    def check(self) -> dict[str, Any]:
        """-> {rows, link, looked_at, fault: null or {number, why}}: the newest rows and the end of
        the log; `campus audit` looks at all"""
        count, link, fault = self._store.audit.check(newest=_LOOKED_AT)
        told = {"rows": count, "link": link.hex(), "looked_at": min(count, _LOOKED_AT)}
        return told | {"fault": fault._asdict() if fault else None}


def hashed(password: str) -> str:
    """argon2id, with its salt and costs; for one who makes an account beside the server."""
    return PasswordHasher().hash(password)


def given_password() -> str:
    """Random, easy to type: three groups of four, 59 bits."""
    groups = ["".join(secrets.choice(_GIVEN_LETTERS) for _ in range(4)) for _ in range(3)]
    return "-".join(groups)


def _now_s() -> int:
    return int(time.time())
