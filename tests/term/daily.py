"""Act three: gate in the morning, canteen at noon; the day before is closed each morning."""

import asyncio

from terminal_sim import people
from tests.term.truth import account, purse

MORNING_S, EVENING_S = 7 * 3600 + 1800, 20 * 3600


async def day(college, date, seed, taps):
    """One day; everybody who comes does what the generator drew."""
    truth = college.truth
    for person in college.people:
        if person.has_phone and not person.has_left:
            await asyncio.to_thread(person.body.renew, college.office)
    for act in people.noon(seed, len(college.people), taps, lost=0):
        person = college.people[act.holder]
        await college.at(date, act.at_s)
        if person.has_left or person.is_stopped:
            continue
        if act.what == "pass":
            if not person.has_phone:
                assert await college.passes(person), f"{person.name} is not let in"
            continue
        till = college.tills[act.holder % len(college.tills)]
        fen, had = act.amount_fen, truth.has(person.card)
        paid = await college.buys(person, till, fen)
        assert paid == (had >= fen), (person.name, had, fen, till.says())
    await college.at(date, EVENING_S)
    await college.quiet()


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
