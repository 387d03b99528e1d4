"""The log of acts as a chain: each row's link is keyed over the one before. Pure (docs/offices.md).

What it is not: where the rows lie (store.audit) nor the key (keyring). Rows are numbered 1, 2, 3
without gaps; the seal over count and last link tells a log that was cut off at its end.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

NO_LINK = b""  # before the first row


class Act(NamedTuple):
    """Who did what to what. detail: JSON values by name, nothing secret."""

    who: str
    role: str
    what: str
    subject: str
    detail: Mapping[str, object]


class Row(NamedTuple):
    """One row of the log; detail is the JSON text as it was written."""

    number: int
    utc_s: int
    who: str
    role: str
    what: str
    subject: str
    detail: str


class Fault(NamedTuple):
    """The first thing that is not as it was written; number: of the row, or of the one missing."""

    number: int
    why: str


def row(number: int, utc_s: int, act: Act) -> Row:
    """The row of an act."""
    detail = json.dumps(act.detail, ensure_ascii=False, sort_keys=True)
    return Row(number, utc_s, act.who, act.role, act.what, act.subject, detail)


def link(key: bytes, before: bytes, entry: Row) -> bytes:
    """32 bytes that only this row after that link has."""
    said = json.dumps(entry, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return hmac.digest(key, len(before).to_bytes(1, "big") + before + said, hashlib.sha256)


def seal(key: bytes, count: int, last: bytes) -> bytes:
    """32 bytes over how many rows there are and the last one's link."""
    return hmac.digest(key, b"head" + count.to_bytes(8, "big") + last, hashlib.sha256)


def check(
    key: bytes,
    rows: Iterable[tuple[Row, bytes]],
    head: tuple[int, bytes] | None,
    expect: tuple[int, bytes] | None = None,
    begin: tuple[int, bytes] = (0, NO_LINK),
) -> tuple[int, bytes, Fault | None]:
    """(how many rows, last link, the first fault). rows: with their links, by number; head: count
    and seal as stored; expect: a number and the link that it had when it was printed; begin: number
    and link of the row before the first of `rows`."""
    count, before = begin
    for entry, found in rows:
        if entry.number != count + 1:
            return count, before, Fault(count + 1, "is missing")
        if not hmac.compare_digest(link(key, before, entry), found):
            return count, before, Fault(entry.number, "is not what was written")
        count, before = entry.number, found
        if expect and expect[0] == count and expect[1] != found:
            return count, before, Fault(count, "is another than the one that was printed")
    if expect and expect[0] > count:
        return count, before, Fault(count + 1, "was printed once, and is missing")
    told, sealed = head or (0, seal(key, 0, NO_LINK))
    if told != count or not hmac.compare_digest(seal(key, count, before), sealed):
        return count, before, Fault(count + 1, "is missing: the end was cut off")
    return count, before, None
