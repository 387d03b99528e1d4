"""The term, act by act (docs/term.md)."""

from datetime import date as Date
from datetime import timedelta
from typing import NamedTuple

from tests.term import daily, dispute, ending, leaving, losses, month, opening

MONTH = "2026-09"
FIRST, LOSS_DAY, LEAVING_DAY, PAY_DAY, LAST = (f"{MONTH}-{n:02}" for n in (1, 10, 21, 26, 30))
NEXT = "2026-10-01"
NINE_S, TEN_S, TWO_S = 9 * 3600, 10 * 3600, 14 * 3600


class Size(NamedTuple):
    """taps a noon; days with one; cards lost of each kind; graduates."""

    taps: int
    days: int
    lost: int
    graduates: int


def weekdays(count):
    """The first days of the month on which there is school, from its second."""
    first = Date.fromisoformat(FIRST)
    days = [first + timedelta(n) for n in range(1, 30)]
    return [day.isoformat() for day in days if day.weekday() < 5][:count]


async def play(college, size, seed):
    """Everything. -> figures"""
    await college.at(FIRST, NINE_S)
    await opening.people_come(college)
    await opening.merchants_come(college, tills=2)
    await college.quiet()
    noons = weekdays(size.days)
    before = FIRST
    for at, date in enumerate(noons):
        await college.at(date, daily.MORNING_S)
        assert "无" in await daily.close_day(college, before)
        await daily.day(college, date, seed + at, size.taps)
        before = date
    cards = await loss_day(college, size)
    await college.at("2026-09-14", TEN_S)
    await dispute.disputed(college)
    await dispute.topped_up(college)
    await college.quiet()
    await college.at(LEAVING_DAY, TEN_S)
    for at, person in enumerate(leaving.students(college, 2, has_phone=False)):
        await leaving.leave(college, [person], "退学", leaving.CHOICES[at:], f"退学{at}.csv")
    some = leaving.students(college, size.graduates)
    await leaving.leave(college, some, "毕业", leaving.CHOICES, "毕业生.csv", some[:1])
    await college.at(PAY_DAY, TEN_S)
    await college.quiet()
    await daily.close_day(college, "2026-09-25")
    await month.merchants_paid(college)
    await college.at(LAST, TEN_S)
    await dispute.topped_up(college)
    await college.at(NEXT, NINE_S)
    await college.quiet()
    await daily.close_day(college, LAST)
    figures = {"bank": await month.closed(college, MONTH, LAST)}
    return figures | await end(college, cards)


async def loss_day(college, size):
    """Three kinds of losses in one day; the last till stays away over night. -> the cards"""
    some = losses.losers(college, 3 * size.lost)
    online, leave, offline = (some[n::3] for n in range(3))
    cards = [person.card for person in some]
    await losses.lost(college, losses.ONLINE, online, LOSS_DAY, NINE_S)
    await losses.lost(college, losses.LEAVE, leave, LOSS_DAY, 11 * 3600)
    await losses.lost(college, losses.OFFLINE, offline, LOSS_DAY, 15 * 3600, mends=False)
    await college.at("2026-09-11", NINE_S)
    await college.quiet()
    assert "失联" in await daily.close_day(college, LOSS_DAY), "a close hides a silent till"
    await losses.mended(college, offline)
    await losses.replaced(college, some)
    return cards


async def end(college, cards):
    """Asked, and asked again by a server that was started anew."""
    assert college.offices.faults == [], college.offices.faults
    before = await ending.verdicts(college, cards)
    figures = await ending.all_is_true(college)
    await college.restart()
    assert await ending.verdicts(college, cards) == before, "I8"
    assert figures == await ending.all_is_true(college)
    return figures
