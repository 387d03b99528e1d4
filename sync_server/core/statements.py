"""The bank's statement of its account as a file -> lines, and what is wrong row by row. Pure.

Columns by their heads, in any order (HEADS). An amount has at most two decimals: one with three is
refused with its row, never rounded. Money in is above zero, money out below. What it is not: the
bytes of the file (core.sheets), nor what a line matches (core.reconcile).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from sync_server.core import validity
from sync_server.core.sheets import BadSheet

HEADS = {
    "day": ("交易日期", "日期", "记账日期", "交易时间", "入账时间", "date"),
    "income": ("收入", "收入金额", "贷方金额", "贷方发生额", "credit"),
    "outlay": ("支出", "支出金额", "借方金额", "借方发生额", "debit"),
    "amount": ("金额", "交易金额", "发生额", "amount"),
    "reference": ("订单号", "商户订单号", "参考号", "附言", "用途", "reference"),
    "number": ("流水号", "交易流水号", "凭证号", "银行流水号", "number"),
    "text": ("摘要", "对方户名", "备注", "text"),
}
TEXT_MOST = 80
_AMOUNT = re.compile(r"([+-]?)[¥￥]?(\d{1,3}(?:,\d{3})+|\d{1,10})(?:\.(\d{1,2}))?元?")
_MARKS = str.maketrans("＋－，．", "+-,.")


class Entry(NamedTuple):
    """One line of a statement. day: since 2000-01-01; amount_fen: above zero came in."""

    row: int
    day: int
    amount_fen: int
    reference: str
    number: str
    text: str


class Fault(NamedTuple):
    """A row that is refused: which column, why (a word of `WHY`), and what stood there."""

    row: int
    field: str
    why: str
    value: str


WHY = ("no day", "no amount", "decimals", "both")


def fen(text: str) -> int | None:
    """ "-1,200.5" -> fen; None for what is no amount or has more than two decimals."""
    found = _AMOUNT.fullmatch(text.strip().translate(_MARKS).replace(" ", ""))
    if found is None:
        return None
    sign, yuan, rest = found.groups()
    whole = int(yuan.replace(",", "")) * 100 + int(((rest or "") + "00")[:2])
    return -whole if sign == "-" else whole


def read(rows: list[list[str]]) -> tuple[list[Entry], list[Fault]]:
    """rows: of the file, the first with the heads. BadSheet when a column lacks."""
    if not rows:
        raise BadSheet("the file is empty")
    places = _places(rows[0])
    entries: list[Entry] = []
    faults: list[Fault] = []
    for number, row in enumerate(rows[1:], 2):
        cells = {field: row[at][:TEXT_MOST] for field, at in places.items()}
        found = _entry(number, cells)
        if isinstance(found, Entry):
            entries.append(found)
        else:
            faults.append(found)
    return entries, faults


def _places(heads: list[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for field, words in HEADS.items():
        for word in words:
            at = next((at for at, head in enumerate(heads) if head.lower() == word), None)
            if at is not None and field not in places:
                places[field] = at
    if "day" not in places:
        raise BadSheet("the first row must name the columns; these lack", HEADS["day"][0])
    if not {"amount", "income", "outlay"} & set(places):
        raise BadSheet("the first row must name the columns; these lack", HEADS["amount"][0])
    return places


def _entry(number: int, cells: dict[str, str]) -> Entry | Fault:
    day = validity.day(cells["day"].replace("T", " "))
    if day is None:
        return Fault(number, "day", "no day", cells["day"])
    amounts = []
    for field, sign in (("amount", 1), ("income", 1), ("outlay", -1)):
        told = cells.get(field, "")
        if told in ("", "-", "—", "0", "0.00"):
            continue
        amount = fen(told)
        if amount is None:
            has_point = re.fullmatch(r"[^.]*\d\.\d{3,}元?", told.translate(_MARKS))
            return Fault(number, field, "decimals" if has_point else "no amount", told)
        amounts.append(amount * sign)
    if not amounts or not amounts[0]:
        return Fault(number, "amount", "no amount", "")
    if len(amounts) > 1:
        return Fault(number, "amount", "both", "")
    words = (cells.get(field, "") for field in ("reference", "number", "text"))
    return Entry(number, day, amounts[0], *words)


def identity(entry: Entry) -> tuple:
    """What makes two lines the same: the bank's own number, else all that stands in them."""
    if entry.number:
        return (entry.number, entry.day, entry.amount_fen)
    return ("", entry.day, entry.amount_fen, entry.reference, entry.text)


def fresh(entries: Iterable[Entry], known: Iterable[Entry]) -> list[bool]:
    """Which lines were in no file before. With a number of the bank's a line is there once; without
    one, as often as the file that has it most often says."""
    before = Counter(identity(entry) for entry in known)
    seen: Counter[tuple] = Counter()
    told = []
    for entry in entries:
        name = identity(entry)
        seen[name] += 1
        most = 0 if entry.number and seen[name] > 1 else seen[name]
        told.append(most > before[name])
    return told
