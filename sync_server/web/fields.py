"""Reading the fields of a JSON body, an address or a form: typed, bounded, named when wrong.

What it is not: a schema language. Each reader returns the value or raises BadField with one line.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import request

from sync_server.core import rosters
from sync_server.web.refusals import BadField

NUMBER_MAX = 2**62  # of a row of the database, whatever database it is
CARD_MAX = 0xFFFFFF
TERMINAL_MAX = 65534
MONEY_MAX_FEN = 0xFFFFFF
_DAY_0 = date(2000, 1, 1)


def body() -> dict[str, Any]:
    """The request's JSON object; BadField when it is none."""
    value = request.get_json(force=True, silent=True)
    if not isinstance(value, dict):
        raise BadField("the body must be a JSON object")
    return value


def given() -> dict[str, Any]:
    """The fields of a program's JSON object, or of a form."""
    return body() if request.path.startswith("/api/") else request.form.to_dict()


def number(fields: dict[str, Any], name: str, low: int, high: int) -> int:
    """A whole number, or its digits as a form has them."""
    value = fields.get(name)
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        fields = {name: int(value[:20])}
    return whole(fields, name, low, high)


def whole(fields: dict[str, Any], name: str, low: int, high: int) -> int:
    """A whole number of `low`..`high` (a JSON true is no number)."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadField(f"{name} must be a whole number")
    if not low <= value <= high:
        raise BadField(f"{name} must be {low} to {high}")
    return value


def fen(fields: dict[str, Any], low: int, high: int) -> int:
    """`amount_fen` of a program, or `amount` of a form in yuan, with at most two decimals."""
    if "amount_fen" in fields:
        return whole(fields, "amount_fen", low, high)
    value = rosters.fen(str(fields.get("amount", ""))[:20])
    if value is None:
        raise BadField("amount must be yuan with at most two decimals")
    return whole({"amount_fen": value}, "amount_fen", low, high)


def text(fields: dict[str, Any], name: str, limit: int) -> str:
    """A printable text of 1..`limit` characters."""
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise BadField(f"{name} must be a printable text")
    if len(value) > limit:
        raise BadField(f"{name} must be at most {limit} characters")
    return value.strip()


def prose(fields: dict[str, Any], name: str, limit: int) -> str:
    """What a person wrote: lines and spaces of all kinds become one space each."""
    value = fields.get(name)
    if isinstance(value, str):
        fields = {name: " ".join(value.split())}
    return text(fields, name, limit)


def one_of(fields: dict[str, Any], name: str, choices: tuple[str, ...]) -> str:
    """One of the words in `choices`."""
    value = fields.get(name)
    if value not in choices:
        raise BadField(f"{name} must be one of {', '.join(choices)}")
    return str(value)


def day(fields: dict[str, Any], name: str) -> int:
    """A date "YYYY-MM-DD" as days since 2000-01-01."""
    value = fields.get(name)
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError
        days = (date.fromisoformat(value) - _DAY_0).days
    except ValueError:
        raise BadField(f"{name} must be a date YYYY-MM-DD") from None
    if not 0 <= days <= 0xFFFF:
        raise BadField(f"{name} must be 2000-01-01 to 2179-06-06")
    return days


def date_of(day_number: int) -> str:
    """The other way: "YYYY-MM-DD" of days since 2000-01-01."""
    return (_DAY_0 + timedelta(days=day_number)).isoformat()


def hexadecimal(fields: dict[str, Any], name: str) -> bytes:
    """Bytes as pairs of hexadecimal digits."""
    value = fields.get(name)
    try:
        if isinstance(value, str) and " " not in value:
            return bytes.fromhex(value)
    except ValueError:
        pass
    raise BadField(f"{name} must be hexadecimal")


def uid(fields: dict[str, Any], name: str) -> bytes:
    """A card's UID: 4 or 7 bytes."""
    raw = hexadecimal(fields, name)
    if len(raw) not in (4, 7):
        raise BadField(f"{name} must be 4 or 7 bytes in hexadecimal")
    return raw


def card_numbers(fields: dict[str, Any], name: str, limit: int) -> list[int]:
    """A list of card numbers without repeats, sorted."""
    value = fields.get(name)
    if not isinstance(value, list) or len(value) > limit:
        raise BadField(f"{name} must be a list of at most {limit} card numbers")
    for item in value:
        if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item <= CARD_MAX:
            raise BadField(f"{name} must hold card numbers of 0 to {CARD_MAX}")
    return sorted(set(value))
