"""Cards are lost: with all tills online, with one offline with leave, with one offline without.

Whoever finds a card pays ten yuan with it where that still works. Who bears it, the story knows
from the regulation (Art. 20, 23), before it asks.
"""

from tests.term import daily
from tests.term.offices import press
from tests.term.opening import issue_at_desk
from tests.term.truth import account, purse

FOUND_FEN, FEN_TO_LOSE = 1000, 3000
MINUTE_S = 60
ONLINE, LEAVE, OFFLINE = "online", "leave", "offline"
BEARS = {LEAVE: ("centre", "leave"), OFFLINE: ("department", "offline")}
UNREPORTED = ("holder", "unreported")


def losers(college, count):
    """Those who will lose a card with enough on it."""
    rich = [
        one for one in college.people
        if not (one.has_phone or one.is_stopped or one.has_left)
        and college.truth.has(one.card) >= FEN_TO_LOSE
    ]  # fmt: skip
    assert len(rich) >= count, "too few people have money on a card"
    return rich[-count:]


async def lost(college, kind, some, date, at_s, mends=True):
    """Some lose their cards, all under one condition; the last till is the one that goes offline.
    It is there again when this returns, if it `mends`."""
    home, away = college.tills[0], college.tills[-1]
    college.truth.lost[kind] += len(some)
    await college.at(date, at_s)
    for person in some:  # found, and spent before anybody missed it
        assert await college.buys(person, home, FOUND_FEN)
    await college.quiet()
    if kind == LEAVE:
        leave = {"until_utc_s": college.clock.utc_s + 4 * 3600, "reason": "线路检修"}
        await college.call("POST", f"/api/terminals/{away.number}/leaves", leave)
    if kind != ONLINE:
        await college.later(MINUTE_S)
        await away.cut()
    await college.later(20 * MINUTE_S)
    for person in some:
        await report(college, person, kind != ONLINE)
        await college.later(5 * MINUTE_S)
        if kind != ONLINE:
            assert await college.buys(person, away, FOUND_FEN), away.says()
            college.truth.bears[person.card, away.number, FOUND_FEN] = BEARS[kind]
        assert not await college.buys(person, home, FOUND_FEN), "a reported card was taken"
        assert not await college.buys(person, away, FOUND_FEN), "its mark was not seen"
        person.is_stopped = True
    if mends:
        await mended(college, some)


async def mended(college, some):
    """The till that was away is back, has told what it took, and takes these cards no more."""
    away = college.tills[-1]
    await college.later(30 * MINUTE_S)
    away.mend()
    await college.quiet()
    for person in some:
        assert not await college.buys(person, away, FOUND_FEN), "a reported card was taken"
    await college.quiet()
    for person in some:
        await verdict(college, person.card)


async def report(college, person, away):
    """At the desk, by the holder; the page tells how many terminals know it: all but those that
    are `away`."""
    count = len(college.terminals())
    page = await college.offices.open("li", f"/people?q={person.number}")
    await page.click("#found a")
    await press(page, "form[action$='/stop'] button")
    words = f"已在 {count - away}/{count} 台终端停用" if away else "所有终端均已确认"
    await page.wait_for_selector(f"text={words}")
    await page.goto("about:blank")  # it would go on asking, when this session has long ended


async def verdict(college, card):
    """Who bears what this card paid, as the story knows, on the page and by the API. -> as told"""
    told = await college.call("GET", f"/api/cards/{card}/bearers")
    found = {
        (card, one["terminal"], one["amount_fen"]): (one["bearer"], one["rule"])
        for one in told["payments"]
        if (card, one["terminal"], one["amount_fen"]) in college.truth.bears
    }
    wanted = {name: bears for name, bears in college.truth.bears.items() if name[0] == card}
    assert found == wanted, (card, found, wanted)
    others = [
        (one["bearer"], one["rule"]) for one in told["payments"]
        if (card, one["terminal"], one["amount_fen"]) not in wanted
    ]  # fmt: skip
    assert set(others) <= {UNREPORTED}, others
    paid = {name: n for name, n in college.truth.taps.items() if name[1] == card and name[2]}
    assert len(told["payments"]) == sum(paid.values()), (card, paid)
    return [{name: one[name] for name in ("terminal", "serial", "bearer", "rule")}
            for one in told["payments"]]  # fmt: skip


async def replaced(college, some):
    """Each gets a new card; what the old one held is on it at its first tap."""
    truth = college.truth
    old = {}
    for person in some:
        old[person.at] = person.card
        await issue_at_desk(college, person, replaces=person.card)
        await college.later(MINUTE_S)

    async def settled():
        return not (await college.call("POST", "/api/settlements"))["replaced"]

    await college.quiet()
    await college.until(settled, "balances of old cards do not move")
    for person in some:
        fen = truth.has(old[person.at])
        truth.move(purse(old[person.at]), account(person.card), fen)
        await loaded(college, person, fen, 100)
        person.is_stopped = False


async def loaded(college, person, fen, price_fen):
    """So much waits for a card; it pays a price that it could not without. It has both then."""
    truth, till = college.truth, college.tills[0]
    assert truth.has(person.card) < price_fen <= truth.has(person.card) + fen
    await college.until(lambda: college.buys(person, till, price_fen), "nothing is loaded")
    daily.comes(college, person, fen)
