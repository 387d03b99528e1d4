"""Act three: gates, canteen at noon; the day before is closed each morning."""

from itertools import groupby
from typing import NamedTuple

from terminal_sim import people
from tests.term.folks import Person
from tests.term.truth import account, purse

MORNING_S, EVENING_S = 7 * 3600 + 1800, 20 * 3600
STEP_S = 900  # the clock moves so much at once: each time every terminal is waited for


class Come(NamedTuple):
    """Somebody comes, so long after midnight, to the till or gate of this number and pays so much:
    nothing at a gate."""

    at_s: int
    person: Person
    place: int
    fen: int


def noon(college, seed, taps):
    """What the generator drew for a day."""
    return [
        Come(act.at_s, college.people[act.holder], act.holder, act.amount_fen)
        for act in people.noon(seed, len(college.people), taps, lost=0)
    ]


async def day(college, date, comes, before):
    """One day; in its morning finance closes the day before."""
    comes = sorted(comes, key=lambda one: one.at_s)
    await come(college, date, [one for one in comes if one.at_s < MORNING_S])
    await college.at(date, MORNING_S)
    assert "无" in await close_day(college, before)
    await come(college, date, [one for one in comes if one.at_s >= MORNING_S])
    await college.at(date, EVENING_S)
    await college.quiet()


async def come(college, date, comes):
    """Everybody who comes, one after the other."""
    for step, now in groupby(comes, key=lambda one: one.at_s // STEP_S):
        await college.at(date, step * STEP_S)
        for _, person, place, fen in now:
            if person.has_left or person.is_stopped:
                continue
            if not fen:
                gate = college.gates[place % len(college.gates)]
                assert await college.passes(person, gate), (person, gate.says())
                continue
            till, had = college.tills[place % len(college.tills)], college.truth.has(person.card)
            if person.has_phone and had < fen:
                continue  # no till would know: a code has no balance, so they look before they buy
            paid = await college.buys(person, till, fen)
            assert paid == (had >= fen), (person.name, had, fen, till.says())


async def close_day(college, date):
    """Finance closes what is over up to this day. -> its row on the page"""
    page, said = await college.offices.act("zhou", "/books", "form.closing button", until=date)
    assert "已日结" in said, said
    row = page.locator("tr", has=page.get_by_role("link", name=date, exact=True))
    return await row.inner_text()


async def cash(college, person, fen):
    """Money over the desk: on the account, on the card at its next tap."""
    yuan = f"{fen // 100}.{fen % 100:02}"
    page, said = await college.offices.act(
        "li", "/cash", "main form[action$='/cash'] button.main", card=person.card, amount=yuan
    )
    assert person.name in said, said
    college.truth.cash_in(college.clock.date, account(person.card), fen)
    if person.has_phone:
        comes(college, person, fen)


def comes(college, person, fen):
    """What waited for a card is on it."""
    college.truth.move(account(person.card), purse(person.card), fen)
