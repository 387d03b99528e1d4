"""A cashier keyed in 12.00 for 1.20; and somebody without a phone pays in at the desk."""

from tests.term import daily, losses
from tests.term.offices import press
from tests.term.truth import account, merchant

KEYED_FEN, OUGHT_FEN = 1200, 120
MOST_FEN = 5000  # a tap


def modest(college):
    """Somebody with little on a card, and a little room above it."""
    some = [
        one for one in college.people
        if not (one.has_phone or one.is_stopped or one.has_left)
        and KEYED_FEN <= college.truth.has(one.card) < MOST_FEN - 100
    ]  # fmt: skip
    return min(some, key=lambda one: college.truth.has(one.card))


async def disputed(college, judge="zhao", second="wu"):
    """From the sale to the money on the card."""
    offices, truth, till = college.offices, college.truth, college.tills[0]
    person, back_fen = modest(college), KEYED_FEN - OUGHT_FEN
    assert await college.buys(person, till, KEYED_FEN)
    await college.quiet()
    page = await offices.open("li", f"/people?q={person.number}")
    holder = (await page.get_attribute("#found a", "href")).rpartition("/")[2]
    page = await offices.open("li", f"/disputes/new/{holder}")
    await page.check("tr:has-text('12.00') input[name=purchase]")
    await page.fill("#amount", "10.80")
    await page.fill("#said", "一个馒头收了 12 元")
    await press(page, "form[action$='/disputes'] button.main")
    case = "/" + page.url.partition("://")[2].partition("/")[2]
    await college.later(3600)
    await offices.act("m-17", case, "form[action$='/answer'] button", text="按错了键")
    page = await offices.open(judge, case)
    await page.fill("#finding", "以小票为准")
    await press(page, "form[action$='/uphold'] button")
    assert await offices.grant(second)
    truth.move(merchant(till.merchant), account(person.card), back_fen)
    truth.sold[till.merchant] -= back_fen
    await losses.loaded(college, person, back_fen, truth.has(person.card) + 100)


async def topped_up(college):
    """Cash at the desk: on a card at its next tap, on a phone at once."""
    person = modest(college)
    await daily.cash(college, person, 3000)
    await losses.loaded(college, person, 3000, college.truth.has(person.card) + 100)
    for person in [one for one in college.people if one.has_phone and not one.has_left][:1]:
        await daily.cash(college, person, 2000)
