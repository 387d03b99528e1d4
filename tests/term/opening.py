"""Act one and two: people are listed, cards issued, merchants admitted by three offices."""

import asyncio

from terminal_sim import people
from terminal_sim.mifare import MifareClassic
from terminal_sim.phone import Phone
from tests.term.offices import press
from tests.term.truth import FEE_FEN, FEES, purse

MERCHANTS = (("第一食堂", 20, "6222021001110000017"), ("第二食堂", 0, "6222021001110000025"))
ADMITTING = ("wang", "zhou", "zhao")
VALID_UNTIL = "2027-07-31"
HEADS = {
    people.STUDENT: ("students", "liu", "在校生.csv", ("学号", "姓名", "专业")),
    people.STAFF: ("staff", "sun", "教职工.csv", ("工号", "姓名", "部门")),
    people.TEMPORARY: ("temporary", "li", "临时人员.csv",
                       ("编号", "姓名", "单位", "有效期", "审批人")),
}  # fmt: skip
TEMPORARY_UNTIL = "2027-03-31"
CARDS_A_CALL = 500


async def send_list(college, kind, login, path):
    """Looked at first, then applied, on the pages. -> what it says in the end"""
    page = await college.offices.open(login, "/lists")
    await page.select_option("#kind", kind)
    await page.set_input_files("#file", path)
    await press(page, "form[enctype] button")
    return page, await press(page, "form[action$='/apply'] button")


async def people_come(college):
    """Three offices list who is theirs; each gets a card, or a code."""
    for of, (kind, login, name, head) in HEADS.items():
        rows = [
            [one.number, one.name, one.department, TEMPORARY_UNTIL, "基建处 王处长"][: len(head)]
            for one in college.named(of)
        ]
        if rows:
            _, said = await send_list(college, kind, login, college.sheet(name, head, rows))
            assert "名单已执行" in said, said
    with_card = [one for one in college.people if not one.has_phone]
    at_once = [one for one in with_card if one.kind != people.TEMPORARY]
    for first in range(0, len(at_once), CARDS_A_CALL):
        await issue(college, at_once[first : first + CARDS_A_CALL])
    for person in college.named(people.TEMPORARY):
        await issue_at_desk(college, person)
    for person in college.people:
        if person.has_phone:
            wish = wish_of(person, VALID_UNTIL)
            invited = await college.call("POST", "/api/phones", wish)
            college.clock.pass_(10)
            person.body = await asyncio.to_thread(Phone, college.office, invited["link"])
            person.card = person.body.card
            college.truth.cash_in(college.clock.date, purse(person.card), person.start_fen)


def wish_of(person, valid_until):
    """What is asked for them."""
    return {
        "holder_kind": person.kind, "name": person.name, "holder": person.number, "zones": 1,
        "valid_until": valid_until, "balance_fen": person.start_fen,
    }  # fmt: skip


async def issue(college, some):
    """Cards by the hundred, with money on them that was paid in."""
    uids = [one.uid() for one in some]
    wishes = [wish_of(one, VALID_UNTIL) | {"uid": uid.hex()} for one, uid in zip(some, uids)]
    made = await asyncio.to_thread(college.office.issue, wishes)
    for person, uid, (number, blocks) in zip(some, uids, made, strict=True):
        person.card, person.body = number, MifareClassic(uid, blocks)
        college.truth.cash_in(college.clock.date, purse(number), person.start_fen)


async def issue_at_desk(college, person, replaces=None):
    """One card over the desk; a temporary one and every replacement costs its fee."""
    uid = person.uid()
    wish = wish_of(person, TEMPORARY_UNTIL) | {"uid": uid.hex(), "credential": "mifare"}
    if replaces is not None:
        wish |= {"replaces": replaces, "balance_fen": 0, "valid_until": VALID_UNTIL}
    made = await college.call("POST", "/api/issues", wish)
    blocks = [(block, bytes.fromhex(data)) for block, data in made["blocks"]]
    await college.call("PUT", f"/api/issues/{made['card']}")
    person.card, person.body = made["card"], MifareClassic(uid, blocks)
    if wish["balance_fen"]:
        college.truth.cash_in(college.clock.date, purse(person.card), person.start_fen)
    college.truth.cash_in(college.clock.date, FEES, FEE_FEN)


async def merchants_come(college, tills, gates):
    """Applied for at the desk, granted by three offices; until then their tills take nothing.
    tills: of each. gates: places of those."""
    offices = college.offices
    for name, fee, bank in MERCHANTS:
        offices.hire(f"m-{bank[-2:]}", name, "merchant", name)
        _, said = await offices.act(
            "li", "/merchants", "main button.main", name=name, contract=f"HT-{bank[-2:]}",
            place="东区", fee=fee, bank=bank, until="2027-06-30",
        )  # fmt: skip
        assert said.startswith("申请已登记"), said
    await offices.act("wang", "/merchants", "form[action$='/admission'] button")
    assert await offices.grant("zhou")
    for at in range(1, tills + 1):
        for name, _, _ in MERCHANTS:
            till = await college.enrol("pos", f"{name} {at} 号窗", name)
            assert not await college.buys(payer(college), till, 100)
    for login in ADMITTING:
        for number in range(1, len(MERCHANTS) + 1):
            page = await offices.open(login, f"/merchants/{number}")
            await press(page, "button[name=event][value=grant]")
    for till in college.tills:
        await college.until(lambda till=till: college.buys(payer(college), till, 100),
                            f"{till.place} takes no money: {till.says()}")  # fmt: skip
    for place in gates:
        await college.enrol("gate", place)


def payer(college):
    """Somebody with a card and enough on it."""
    return next(
        one for one in college.people
        if not one.has_phone and college.truth.has(one.card) >= 1000
    )  # fmt: skip
