"""How long cards are valid, and who must say so (Art. 8). Pure; days are counted since 2000-01-01.

A staff card at most 30 years, extended by personnel's list; a student card at most 3, extended on
an office's word; a temporary card at most 1, on a named approver's word: who approves is
responsible.
"""

from __future__ import annotations

from datetime import date, timedelta

STAFF, STUDENT, TEMPORARY = 1, 2, 3
YEARS = {STAFF: 30, STUDENT: 3, TEMPORARY: 1}
RENEW_DAYS = 365  # a staff card that would end within this is renewed by the next list
DAY_0 = date(2000, 1, 1)
OFFSET_S = 8 * 3600  # of the campus clock


def day(text: str) -> int | None:
    """2027-07-01, 2027/7/1, 2027.7.1, 20270701, 2027年7月1日 -> days; None if it is no day."""
    plain = text.strip().replace("年", "-").replace("月", "-").rstrip("日")
    if plain.isascii() and plain.isdigit() and len(plain) == 8:
        plain = f"{plain[:4]}-{plain[4:6]}-{plain[6:]}"
    parts = plain.replace("/", "-").replace(".", "-").split(" ")[0].split("-")
    try:
        year, month, of_month = (int(part) for part in parts)
        days = (date(year, month, of_month) - DAY_0).days
    except ValueError:
        return None
    return days if 0 <= days <= 0xFFFF else None


def today(utc_s: int, offset_s: int = OFFSET_S) -> int:
    """The day that it is on the campus clock."""
    epoch = (date(1970, 1, 1) - DAY_0).days
    return epoch + (utc_s + offset_s) // 86400


def shown(days: int) -> str:
    """2027-07-01."""
    return (DAY_0 + timedelta(days=days)).isoformat()


def latest(kind: int, today: int) -> int:
    """The last day that a card of this kind may have if it is made or extended today."""
    now = DAY_0 + timedelta(days=today)
    year = now.year + YEARS[kind]
    try:
        then = now.replace(year=year)
    except ValueError:  # the 29th of February
        then = now.replace(year=year, day=28)
    return min((then - DAY_0).days, 0xFFFF)
