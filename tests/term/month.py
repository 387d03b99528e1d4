"""The month: merchants are paid by turnover, the bank's statement is read, the month is closed."""

from tests.term.leaving import fen
from tests.term.offices import press
from tests.term.opening import MERCHANTS
from tests.term.truth import SHARE, merchant

HEAD = ("交易日期", "收入", "支出", "流水号", "附言", "摘要")
CHARGE_FEN, CHARGED = 500, "账户管理费"


async def merchants_paid(college):
    """What closed days say of each; made by one person, granted by another; the bank pays."""
    offices, truth = college.offices, college.truth
    await offices.act("zhou", "/books/settlements", "button[name=until]")
    assert await offices.grant("wu")
    page = await offices.open("zhou", "/books/settlements")
    link = await page.get_attribute("a[href$='/file']", "href")
    http = page.url.partition("/books")[0]
    text = (await (await page.context.request.get(http + link)).body()).decode("utf-8-sig")
    told = [line.split(",") for line in text.splitlines()[1:]]
    for name, per_mille, bank in MERCHANTS:
        sold = truth.sold[name]
        share = (sold * per_mille + 500) // 1000
        (row,) = [row for row in told if row[2] == bank]
        assert (row[1], fen(row[3])) == (name, sold - share), (row, sold, share)
        truth.bank_pays(college.clock.date, merchant(name), sold - share, row[4], name)
        truth.move(merchant(name), SHARE, share)
        truth.sold[name] = 0


def statement(college, month, late):
    """The bank's file of a month, its last row cut to three decimals. late: cash of this date is
    there a day later, and so not in it."""
    truth = college.truth
    lines = [(date, fen, "", "现金缴存") for date, fen in truth.cash.items() if date != late]
    lines += [line for line in truth.lines if line[0].startswith(month)]
    lines.append((f"{month}-28", -CHARGE_FEN, "", CHARGED))
    rows = [
        [date, yuan(fen) if fen > 0 else "", yuan(-fen) if fen < 0 else "", f"2026{at:06}",
         reference, text]
        for at, (date, fen, reference, text) in enumerate(sorted(lines))
    ]  # fmt: skip
    rows.append([f"{month}-29", "1.005", "", "2026999999", "", "错行"])
    return college.sheet(f"{month} 对账单.csv", HEAD, rows), len(lines)


def yuan(fen):
    return f"{fen // 100}.{fen % 100:02}"


async def closed(college, month, late):
    """All is matched but a charge and cash on its way; both are said; the month is finished."""
    path, count = statement(college, month, late)
    page = await college.offices.open("zhou", f"/books/bank?month={month}")
    await page.set_input_files("#file", path)
    await press(page, "form[enctype] button")
    told = await college.call("GET", f"/api/books/bank?month={month}")
    figures = told["figures"]
    assert [one["text"] for one in told["surplus"]] == [CHARGED], told["surplus"]
    assert sum(one["amount_fen"] for one in told["missing"]) == college.truth.cash[late]
    assert not told["differ"] and figures["matched"] == count - 1, figures
    assert [fault["why"] for fault in told["sent"][0]["faults"]] == ["decimals"]
    await said(page, "surplus", CHARGED, "explained", "银行手续费，由学校另付")
    for _ in told["missing"]:
        await said(page, "missing", "", "next", "次日缴存")
    answer = await press(page, "form[action$='/finish'] button")
    assert answer == "本月对账完成。", answer
    return figures


async def said(page, _, text, kind, note):
    """Finance says of a line without a partner why."""
    row = page.locator("tr", has=page.locator("form.say")).filter(has_text=text).first
    await row.locator("input[name=note]").fill(note)
    async with page.expect_navigation():
        await row.locator(f"button[value={kind}]").click()
