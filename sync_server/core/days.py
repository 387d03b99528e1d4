"""A day of business, closed for good: its figures by terminal, merchant and kind of movement. Pure.

A day is one on the campus clock, counted since 2000-01-01; a transfer belongs to the day on which
it was booked, so a day that is over gets no more of them. What a record of an earlier day brought
is **late**: a line of the day it came in that names the day it is of. A close covers the transfers
above the one before, up to its own last one, so every transfer is in exactly one.

    link[day] = HMAC-SHA256(key, link[day before] || the close and its lines)
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from sync_server.core import validity
from sync_server.core.ledger import Account

OFFSET_S = 8 * 3600
DAY_0_UTC_S = 946_684_800  # 2000-01-01
BY_CARD = ("purse", "account")  # accounts of one card each: told as a whole


class Line(NamedTuple):
    """What moved between two kinds of accounts at one terminal (0: the desk). giver, taker: (type,
    key), the key empty for accounts of cards. of_day: of the records that it comes from."""

    terminal: int
    giver: Account
    taker: Account
    of_day: int
    transfers: int
    amount_fen: int


class Close(NamedTuple):
    """after, last: transfers above the one, up to the other. open: JSON, what was not settled."""

    day: int
    after: int
    last: int
    open: str
    closed_by: str
    closed_utc_s: int


def begins_utc_s(day: int) -> int:
    """The instant at which a day begins on the campus clock."""
    return DAY_0_UTC_S + day * 86400 - OFFSET_S


def month_of(day: int) -> int:
    """Months since January 2000."""
    then = validity.DAY_0 + timedelta(days=day)
    return (then.year - 2000) * 12 + then.month - 1


def first_of(month: int) -> int:
    """The day on which a month begins."""
    return (date(2000 + month // 12, month % 12 + 1, 1) - validity.DAY_0).days


def month_shown(month: int) -> str:
    """2026-11."""
    return f"{2000 + month // 12}-{month % 12 + 1:02d}"


def read_month(text: str) -> int | None:
    """2026-11 -> months; None if it is none."""
    year, _, month = text.partition("-")
    if len(year) != 4 or not (year + month).isascii() or not (year + month).isdigit():
        return None
    if len(month) != 2 or not 1 <= int(month) <= 12 or not 2000 <= int(year) <= 2150:
        return None
    return (int(year) - 2000) * 12 + int(month) - 1


def merchant_of(line: Line) -> str | None:
    """The merchant whose takings a line changes."""
    for kind, key in (line.giver, line.taker):
        if kind == "merchant":
            return key
    return None


def link(key: bytes, before: bytes, close: Close, lines: Iterable[Line]) -> bytes:
    """32 bytes that only this close with these lines after that link has."""
    said = json.dumps([close, list(lines)], ensure_ascii=False).encode("utf-8", "surrogatepass")
    return hmac.digest(key, len(before).to_bytes(1, "big") + before + said, hashlib.sha256)
