"""Some leave one by one, a year graduates: their cards stop, their money is settled and paid."""

import csv
import io

from terminal_sim import people
from tests.term.opening import send_list
from tests.term.truth import FOUNDATION, REFUND, account, purse

HEAD = ("学号", "姓名", "原因", "余额处理", "捐赠金额", "银行卡号")
CHOICES = ("退款", "捐赠", "部分捐赠")
PART_FEN = 2000


async def leave(college, some, why, choices, name, without_bank=()):
    """A list of those who go; frozen, settled, paid. without_bank: whose account nobody knows."""
    offices, wishes = college.offices, {}
    for at, person in enumerate(some):
        choice = choices[at % len(choices)]
        bank = "" if person in without_bank else f"62220210010{person.at:05}"
        wishes[person.at] = choice, bank
    rows = [
        [one.number, one.name, why, choice, "20.00" if choice == CHOICES[2] else "", bank]
        for one in some
        for choice, bank in (wishes[one.at],)
    ]
    _, said = await send_list(college, "students-leave", "liu", college.sheet(name, HEAD, rows))
    if "名单已执行" not in said:
        assert await offices.grant("wang"), said
    for person in some:
        person.has_left = person.is_stopped = True
    await college.later(600)
    await college.quiet()
    with_card = next(one for one in some if not one.has_phone)
    assert not await college.buys(with_card, college.tills[0], 100), "who left has paid"
    assert not await college.passes(with_card, college.gates[0]), "who left was let in"
    await college.quiet()
    _, said = await offices.act("zhou", "/leavers", "form[action$='/leavers/settle'] button")
    assert f"已结清 {len(some)} 人，0 人等待" in said, said
    refunds = settled(college, some, wishes)
    if refunds:
        await paid(college, refunds)


def settled(college, some, wishes):
    """Where the money of each goes. -> (name, bank) -> fen that the bank shall pay"""
    truth, refunds = college.truth, {}
    for person in some:
        choice, bank = wishes[person.at]
        names = (purse(person.card), account(person.card))
        total = sum(truth.fen[name] for name in names)
        assert total == truth.has(person.card), "something waited for a card"
        donated = {CHOICES[1]: total, CHOICES[2]: min(PART_FEN, total)}.get(choice, 0)
        truth.move(purse(person.card), FOUNDATION, donated)
        truth.move(purse(person.card), REFUND, total - donated)
        if bank and total > donated:
            refunds[person.name, bank] = total - donated
    return refunds


async def paid(college, refunds):
    """A list for the bank, granted by a second person; the bank does what its file says."""
    offices, truth = college.offices, college.truth
    await offices.act("zhou", "/leavers", "form[action$='/refunds'] button")
    assert await offices.grant("wu")
    page = await offices.open("zhou", "/leavers")
    link = await page.get_attribute("a[href^='/refunds/']", "href")
    rows = await bank_file(page, link)
    assert {(row[2], row[3]): fen(row[4]) for row in rows} == refunds
    for row in rows:
        truth.bank_pays(college.clock.date, REFUND, fen(row[4]), row[5], row[2])


async def bank_file(page, link):
    """The rows of a file for the bank, fetched by who may."""
    answer = await page.context.request.get(page.url.partition("/leavers")[0] + link)
    return list(csv.reader(io.StringIO((await answer.body()).decode("utf-8-sig"))))[1:]


def fen(yuan):
    """ "12.50" -> 1250"""
    whole, _, rest = yuan.partition(".")
    return int(whole) * 100 + int(rest)


def students(college, count, has_phone=None):
    """So many who study; with phones or without, or both."""
    some = [
        one for one in college.named(people.STUDENT)
        if not one.is_stopped and (has_phone is None or one.has_phone == has_phone)
    ]  # fmt: skip
    return some[:count]
