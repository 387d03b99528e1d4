"""Card records of real systems: two file formats read into plain rows, told apart by their header.

Gates:    Index,AccessCardNo,Date,Address,Access,Describe       (Date to the minute, local)
Payments: term,student,place,date,time,amount_yuan              (date MMDD, time HHMMSS, local)

Order of the file is order of arrival and is kept; dates go back and forth and are believed only as
the device's own word. A row that cannot be read becomes a `Fault` with its line and what is wrong,
and stops nothing: text that is not UTF-8, an impossible date or amount, whatever a spreadsheet or a
disk has made of it. What it is not: it decides no rights and starts no terminal.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, DecimalException
from itertools import count
from pathlib import Path
from typing import NamedTuple, TextIO

LOCAL = timezone(timedelta(hours=8))
PAYMENT_YEAR = 2020  # the payment file gives none; a leap year holds every MMDD
MAX_FEN = 1_000_000

GATE_HEADER = ["Index", "AccessCardNo", "Date", "Address", "Access", "Describe"]
PAY_HEADER = ["term", "student", "place", "date", "time", "amount_yuan"]


class Row(NamedTuple):
    """One tap of the past. amount_fen 0 at a gate; accepted is what the file says."""

    line: int
    person: str
    place: str
    utc_s: int
    amount_fen: int
    accepted: bool

    @property
    def day(self) -> str:
        """Local date, YYYY-MM-DD."""
        return datetime.fromtimestamp(self.utc_s, LOCAL).strftime("%Y-%m-%d")


class Fault(NamedTuple):
    """A row that could not be read, and what is wrong with it."""

    line: int
    message: str


class File(NamedTuple):
    """kind "gate" or "pay"; rows in order of arrival; faults beside them."""

    kind: str
    rows: list[Row]
    faults: list[Fault]


class UnknownFormat(ValueError):
    """The header is of neither format; one clear line."""


def read(path: str | Path) -> File:
    """All rows of a file. UnknownFormat, or OSError if it cannot be opened."""
    faults: list[Fault] = []
    with _open(path) as file:
        lines = _lines(file, faults)
        _, header = next(lines, (0, []))
        if header == GATE_HEADER:
            return _collect("gate", _gate_row, GATE_HEADER, lines, faults)
        if header == PAY_HEADER:
            return _collect("pay", _payment_row, PAY_HEADER, lines, faults)
    raise UnknownFormat(
        f"{path}: the header is {','.join(header)!r}; expected {','.join(GATE_HEADER)!r} or "
        f"{','.join(PAY_HEADER)!r}"
    )


def read_people(path: str | Path) -> tuple[dict[str, list[str]], list[Fault]]:
    """AccessCardNo -> card numbers of the people who have it (more than one: they collide)."""
    people: dict[str, list[str]] = {}
    faults: list[Fault] = []
    with _open(path) as file:
        lines = _lines(file, faults)
        _, header = next(lines, (0, []))
        for line, fields in lines:
            row = dict(zip(header, fields, strict=False))
            number = _card_number(row.get("AccessCardNo", ""))
            if not fields:  # an empty line is nobody
                continue
            if number is None:
                faults.append(Fault(line, f"AccessCardNo {row.get('AccessCardNo')!r} is no number"))
            else:
                people.setdefault(number, []).append(row.get("CardNo", ""))
    return people, faults


def _open(path: str | Path) -> TextIO:
    return Path(path).open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _lines(file: TextIO, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """(number, fields) of every line that is text; what is none goes to `faults`."""
    rows = csv.reader(file)
    for number in count(1):
        try:
            fields = next(rows)
            "".join(fields).encode()
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(Fault(number, str(error)))
        except UnicodeEncodeError:
            faults.append(Fault(number, "not UTF-8"))
        else:
            yield number, fields


def _collect(kind: str, parse, header: list[str], lines, faults: list[Fault]) -> File:
    rows: list[Row] = []
    for line, fields in lines:
        try:
            if len(fields) != len(header):
                raise ValueError(f"{len(fields)} columns, not {len(header)}")
            rows.append(parse(line, *fields))
        except ValueError as error:
            faults.append(Fault(line, str(error)))
    return File(kind, rows, faults)


def _gate_row(line, index, card, date, address, access, describe) -> Row:
    number = _card_number(card)
    if number is None:
        raise ValueError(f"AccessCardNo {card!r} is no number")
    if access not in ("0", "1"):
        raise ValueError(f"Access is {access!r}, not 0 or 1")
    if not address:
        raise ValueError("Address is empty")
    return Row(line, number, address, _utc_s(date, "%Y/%m/%d %H:%M"), 0, access == "1")


def _payment_row(line, term, student, place, date, time, amount_yuan) -> Row:
    if not (student.isascii() and student.isdigit()):
        raise ValueError(f"student {student!r} is no number")
    if not place:
        raise ValueError("place is empty")
    utc_s = _utc_s(f"{PAYMENT_YEAR}{date}{time}", "%Y%m%d%H%M%S")
    return Row(line, student, place, utc_s, fen(amount_yuan), True)


def fen(yuan: str) -> int:
    """Whole fen of a decimal number of yuan; ValueError says what is wrong."""
    try:
        exact = Decimal(yuan) * 100
    except DecimalException:  # no number, or one beyond all exponents
        raise ValueError(f"amount {yuan!r} is no number") from None
    if not exact.is_finite() or exact != exact.to_integral_value():
        raise ValueError(f"amount {yuan!r} is not in whole fen")
    if not 0 < exact <= MAX_FEN:
        raise ValueError(f"amount {yuan!r} is outside 0.01 to {MAX_FEN // 100} yuan")
    return int(exact)


def _utc_s(text: str, form: str) -> int:
    try:
        return int(datetime.strptime(text, form).replace(tzinfo=LOCAL).astimezone(UTC).timestamp())
    except (ValueError, OverflowError):  # the first day of year 1 is none in UTC
        raise ValueError(f"bad date {text!r}") from None


def _card_number(text: str) -> str | None:
    """Spreadsheets lose leading zeros, so numbers are compared without them."""
    return text.lstrip("0") or "0" if text.isascii() and text.isdigit() else None
