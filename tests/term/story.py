"""The term, act by act (docs/term.md)."""

from collections import Counter
from datetime import date as Date
from datetime import timedelta
from typing import NamedTuple

from tests.term import daily, dispute, ending, leaving, losses, month, opening
from tests.term.passes import Passes

MONTH = "2026-09"
FIRST, LOSS_DAY, LEAVING_DAY, PAY_DAY, LAST = (f"{MONTH}-{n:02}" for n in (1, 16, 21, 26, 30))
AFTER_LOSS, DISPUTE_DAY, CLOSED_DAY = (f"{MONTH}-{n:02}" for n in (17, 18, 25))
NEXT = "2026-10-01"
ONE_GATE = Passes(["图书馆 东门"], {})
NINE_S, TEN_S = 9 * 3600, 10 * 3600


class Size(NamedTuple):
    """taps a noon; days with one, at most 14; tills of each merchant; cards lost of each kind;
    graduates."""

    taps: int
    days: int
    tills: int
    lost: int
    graduates: int


async def play(college, size, seed, passes=ONE_GATE):
    """Everything. -> figures"""
    await college.at(FIRST, NINE_S)
    await opening.people_come(college)
    await opening.merchants_come(college, size.tills, passes.places)
    await college.quiet()
    await days(college, size, seed, passes)
    cards = await loss_day(college, size)
    await college.at(DISPUTE_DAY, TEN_S)
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
    await daily.close_day(college, CLOSED_DAY)
    await month.merchants_paid(college)
    await college.at(LAST, TEN_S)
    await dispute.topped_up(college)
    await college.at(NEXT, NINE_S)
    await college.quiet()
    await daily.close_day(college, LAST)
    figures = {"bank": await month.closed(college, MONTH, LAST)}
    return figures | await end(college, cards)


async def days(college, size, seed, passes):
    """From the second of the month on; whoever passed on the n-th day of a file passes on the
    n-th."""
    came = sorted(passes.days)
    before = FIRST
    for at in range(size.days):
        date = (Date.fromisoformat(FIRST) + timedelta(at + 1)).isoformat()
        comes = daily.noon(college, seed + at, size.taps)
        if at < len(came):
            comes += passes.days[came[at]]
        await daily.day(college, date, comes, before)
        before = date


async def loss_day(college, size):
    """Three kinds of losses in one day; the last till stays away over night. -> the cards"""
    some = losses.losers(college, 3 * size.lost)
    online, leave, offline = (some[n::3] for n in range(3))
    cards = [person.card for person in some]
    await losses.lost(college, losses.ONLINE, online, LOSS_DAY, NINE_S)
    await losses.lost(college, losses.LEAVE, leave, LOSS_DAY, 11 * 3600)
    await losses.lost(college, losses.OFFLINE, offline, LOSS_DAY, 15 * 3600, mends=False)
    await college.at(AFTER_LOSS, NINE_S)
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
    told = [f"{one['bearer']}, {one['rule']}" for some in before.values() for one in some]
    return figures | {"verdicts": dict(Counter(told))}
