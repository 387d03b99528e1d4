"""What a list of people would change, row by row, and what is wrong, before it is done. Pure.

Rules:
1. A row that is wrong changes nothing, and no other row is held up by it.
2. The same rows on the same holders make the same plan; what was applied makes a plan of nothing.
3. A list speaks only of its own kind of holder; who is on no list stays as they are.

Kinds of lists: who is there (staff, students, temporary), who leaves (the same with -leave), whose
meals are paid for (subsidies: core.subsidies), who has to pay what (fees-OFFICE: core.fees).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from sync_server.core import fees, subsidies, validity
from sync_server.core.sheets import CELL_MOST, BadSheet

ANY = 0
KINDS = {
    "staff": validity.STAFF,
    "students": validity.STUDENT,
    "temporary": validity.TEMPORARY,
    "staff-leave": validity.STAFF,
    "students-leave": validity.STUDENT,
    "temporary-leave": validity.TEMPORARY,
    "subsidies": validity.STAFF,
    "fees-teaching": ANY,
    "fees-students": ANY,
}
RIGHTS = {
    "staff": "staff-lists",
    "students": "student-lists",
    "temporary": "temporary-lists",
    "subsidies": "staff-lists",
    "fees-teaching": "teaching-fees",
    "fees-students": "student-fees",
}

# field -> the heads of columns that mean it
HEADS = {
    "number": ("工号", "学号", "编号", "证件号", "number", "cardno", "id"),
    "name": ("姓名", "name"),
    "department": ("部门", "学院", "院系", "专业", "班级", "单位", "department", "major"),
    "until": ("有效期", "有效期至", "到期日期", "until", "valid_until"),
    "approver": ("审批人", "批准人", "approver"),
    "paper": ("证明", "文号", "证明材料", "paper"),
    "why": ("原因", "离校原因", "终止原因", "why"),
    "choice": ("余额处理", "处理方式", "choice"),
    "donate": ("捐赠金额", "捐赠", "donate"),
    "month": ("月份", "期间", "month"),
    "amount": ("补贴金额", "餐补", "金额", "应缴金额", "收费金额", "amount"),
    "item": ("收费项目", "项目", "item"),
    "due": ("截止日期", "缴费截止", "due"),
    "bank": ("银行卡号", "银行账号", "bank"),
}
FOR_ALL = ("item", "due", "amount")  # of a list of fees: may be given beside the file
NEEDED = {
    "staff": ("number", "name"),
    "students": ("number", "name"),
    "temporary": ("number", "name", "until", "approver"),
    "subsidies": ("number", "name", "month", "amount"),
    "fees": ("number", *FOR_ALL),
}
CHOICES = {
    "": "refund", "退款": "refund", "退回": "refund", "refund": "refund",
    "捐赠": "donate", "全部捐赠": "donate", "donate": "donate",
    "部分捐赠": "part", "part": "part",
}  # fmt: skip
TEXT_MOST = {"number": 24, "name": 40, "department": 60, "approver": 40, "paper": 60, "why": 40,
             "item": fees.ITEM_MOST}  # fmt: skip

NEW, RENEW, CHANGE, SAME, END, WRONG = "new", "renew", "change", "same", "end", "wrong"
PAY, ASK = "pay", "ask"  # a subsidy, a fee


class Holder(NamedTuple):
    """One who is there already."""

    id: int
    number: str
    kind: int
    name: str
    department: str
    valid_until: int
    is_ended: int


class Line(NamedTuple):
    """One row: its number in the file, what it would do, and what is wrong: (code, field, value).

    will: the columns of holder that it would set; for one who leaves why, choice, donate_fen, bank;
    for a subsidy month, amount_fen; for a fee item, due, amount_fen.
    """

    row: int
    number: str
    name: str
    change: str
    will: Mapping[str, object]
    was: Holder | None
    faults: tuple[tuple[str, str, str], ...]


def ends(kind: str) -> bool:
    """Is it a list of those who leave?"""
    return kind.endswith("-leave")


def office_of(kind: str) -> str | None:
    """Of a list of fees: for which office (core.fees)."""
    return kind.removeprefix("fees-") if kind.startswith("fees-") else None


def right_of(kind: str) -> str:
    """Whose list it is (core.rights)."""
    return RIGHTS[kind.removesuffix("-leave")]


def read(
    kind: str, table: list[list[str]], for_all: Mapping[str, str] = MappingProxyType({})
) -> list[dict[str, str]]:
    """Rows by field, "row" their number in the file; for_all: fields that fill empty cells.
    BadSheet names the columns that lack."""
    if not table:
        raise BadSheet("the list is empty")
    meaning: dict[int, str] = {}
    for at, head in enumerate(table[0]):
        plain = head.strip().lower().replace(" ", "")
        for field, heads in HEADS.items():
            if plain in heads and field not in meaning.values():
                meaning[at] = field
    needed = ("number", "name") if ends(kind) else NEEDED["fees" if office_of(kind) else kind]
    lacks = [HEADS[field][0] for field in needed if field not in {*meaning.values(), *for_all}]
    if lacks:
        raise BadSheet("the first row must name the columns; these lack", "、".join(lacks))
    same = dict(for_all)
    return [
        {"row": str(at)}
        | same
        | {f: row[n] for n, f in meaning.items() if n < len(row) and (row[n] or f not in same)}
        for at, row in enumerate(table[1:], 2)
    ]


def plan(
    kind: str,
    rows: list[dict[str, str]],
    holders: Mapping[str, Holder],
    today: int,
    had: subsidies.Had | fees.Had = (),
) -> list[Line]:
    """A line for each row. had: months of holders that have their subsidy, items of those that
    have their fee."""
    seen: dict[tuple[str, str], int] = {}
    lines = []
    for row in rows:
        at, number = int(row["row"]), row.get("number", "")
        must = ("number",) if office_of(kind) else ("number", "name")
        faults = [("lacks", field, "") for field in must if not row.get(field)]
        faults += [
            ("long", field, value[:20])
            for field, value in row.items()
            if len(value) > TEXT_MOST.get(field, CELL_MOST)
        ]
        faults += [
            ("odd", field, repr(value)[:20])
            for field, value in row.items()
            if not value.isprintable()
        ]
        one = (number, row.get("item", "") if office_of(kind) else "")
        if number and one in seen:
            faults.append(("doubled", "number", str(seen[one])))
        seen.setdefault(one, at)
        was = holders.get(number)
        if was is not None and KINDS[kind] not in (ANY, was.kind):
            faults.append(("other kind", "number", number))
        if kind == "subsidies":
            will, more = subsidies.pays(row, was, fen(row.get("amount", "")), had)
            change = PAY
        elif office_of(kind):
            will, more = fees.asks(row, was, fen(row.get("amount", "")), had, today)
            change = ASK
        else:
            make = _leaves if ends(kind) else _stays
            change, will, more = make(kind, row, was, today)
        faults += more
        lines.append(
            Line(at, number, row.get("name") or (was.name if was else ""),
                 WRONG if faults else change, will, was, tuple(faults))
        )  # fmt: skip
    return lines


def _stays(kind: str, row: dict[str, str], was: Holder | None, today: int):
    """-> (change, will, faults) of one who is there."""
    of = KINDS[kind]
    most = validity.latest(of, today)
    faults: list[tuple[str, str, str]] = []
    told = row.get("until", "")
    until = validity.day(told) if told else None
    if told and until is None:
        faults.append(("no day", "until", told[:20]))
    elif until is not None and until > most:
        faults.append(("beyond", "until", validity.shown(most)))
    elif until is not None and until < today:
        faults.append(("past", "until", told[:20]))
    if of == validity.TEMPORARY:
        faults += [("lacks", field, "") for field in ("until", "approver") if not row.get(field)]
    if was is not None and was.is_ended:
        faults.append(("ended", "number", was.number))
    if until is None:
        soon = was is None or of == validity.STAFF and was.valid_until < today + validity.RENEW_DAYS
        until = most if was is None or soon else was.valid_until
    later = was is not None and until > was.valid_until
    if later and of == validity.STUDENT and not row.get("approver"):
        faults.append(("lacks", "approver", ""))
    will = {
        "name": row.get("name", ""),
        "department": row.get("department", was.department if was else ""),
        "valid_until": until,
        "approver": row.get("approver", ""),
        "paper": row.get("paper", ""),
    }
    if was is None:
        return NEW, will, faults
    if until != was.valid_until:
        return RENEW, will, faults
    same = (will["name"], will["department"]) == (was.name, was.department)
    return SAME if same else CHANGE, will, faults


def _leaves(kind: str, row: dict[str, str], was: Holder | None, today: int):
    """-> (change, will, faults) of one who goes."""
    faults: list[tuple[str, str, str]] = []
    choice = CHOICES.get(row.get("choice", "").lower())
    donate_fen = fen(row.get("donate", "") or "0")
    bank = row.get("bank", "").replace(" ", "")
    if was is None:
        faults.append(("unknown", "number", row.get("number", "")[:24]))
    elif was.name != row.get("name"):
        faults.append(("other name", "name", was.name))
    if choice is None:
        faults.append(("no choice", "choice", row.get("choice", "")[:20]))
    if donate_fen is None:
        faults.append(("no amount", "donate", row.get("donate", "")[:20]))
    elif choice == "part" and donate_fen == 0:
        faults.append(("lacks", "donate", ""))
    if bank and not (bank.isascii() and bank.isdigit() and 8 <= len(bank) <= 24):
        faults.append(("no bank", "bank", bank[:24]))
    will = {
        "why": row.get("why", ""),
        "choice": choice or "refund",
        "donate_fen": donate_fen or 0,
        "bank": bank,
    }
    return SAME if was is not None and was.is_ended else END, will, faults


def fen(text: str) -> int | None:
    """ "12.5", "1,200.00", "12元" -> fen; None for what is no amount, or has three decimals."""
    plain = text.strip().removeprefix("¥").removesuffix("元").replace(",", "").strip()
    yuan, point, rest = plain.partition(".")
    if not (yuan + rest).isascii() or not yuan.isdigit() or len(yuan) > 7:
        return None
    if point and not (rest.isdigit() and len(rest) <= 2):
        return None
    return int(yuan) * 100 + int((rest + "00")[:2])
