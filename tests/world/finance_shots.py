"""The pictures of finance's books for docs/: `python -m tests.world.finance_shots [FOLDER]`.

A month of a small college: three merchants in different states, noons with their greys and holes,
closed days, a settlement that is paid and one that waits, the bank's statement of the month.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from sync_server.core import days, sheets, statements, validity
from sync_server.core.ledger import Transfer, fee, order
from sync_server.running import Address, Server
from tests.sync_server.finance import content, noon
from tests.sync_server.office import PASSWORD
from tests.sync_server.test_rosters import as_csv
from tests.world.office_shots import OFFICERS, look
from tests.world.test_phone_page import CHROMIUM, QUIET

FIRST, LAST = validity.day("2026-11-01"), validity.day("2026-11-27")
MERCHANTS = (
    ("第一食堂 饮食服务中心", "HT-2025-014", "东区食堂 一楼", 20, "6222021104005512345"),
    ("清真餐厅", "HT-2025-021", "东区食堂 二楼", 15, "6217001280004417788"),
    ("教育超市", "HT-2026-003", "学生活动中心", 50, "6228480402564890018"),
    ("奶茶铺", "HT-2026-011", "图书馆一楼", 80, "6230520010012345678"),
)
HEARD = {n: days.begins_utc_s(LAST + 1) + 60 for n in range(1, 8)}
PAGES = {
    "merchants": ("wang", "/merchants"),
    "merchant": ("zhao", "/merchants/4"),
    "days": ("zhou", "/books"),
    "day": ("zhou", "/books/days/2026-11-25"),
    "settlements": ("zhou", "/books/settlements"),
    "settlement": ("zhou", "/books/settlements/1"),
    "bank": ("zhou", "/books/bank?month=2026-11"),
    "report": ("zhou", "/books/report?month=2026-11"),
    "english": ("zhou", "/books/report?month=2026-11&lang=en"),
    "accounts": ("zhou", "/books/accounts?type=merchant"),
    "account": ("zhou", "/books/accounts/3?month=2026-11"),
    "record": ("zhou", "/books/records/1/5"),
}
KEPT = {"report-wide", "merchant-phone", "day-wide"}


def furnish(server):
    """The college, its merchants, its month."""
    orders, store = server.orders, server.gateway.store
    hashed = orders.offices.hashed(PASSWORD)
    for login, shown, role in OFFICERS + (("qian", "钱会计", "finance"),):
        wish = {"name": login, "shown": shown, "role": role, "merchant": None}
        store.officers.set_password(store.officers.add(wish, hashed, "shell", 1), hashed, True)
    for n, merchant in enumerate((0, 0, 0, 1, 1, 2, 3)):
        name = MERCHANTS[merchant][0]
        orders.enrol("pos", f"{MERCHANTS[merchant][2]} {n + 1} 号窗", name)
    orders.enrol("water", "3-2-07", "物业")
    for n, (name, contract, place, per_mille, account) in enumerate(MERCHANTS):
        wish = {"name": name, "contract": contract, "place": place, "fee_per_mille": per_mille,
                "bank": account, "valid_until": validity.day("2027-12-31")}  # fmt: skip
        store.merchants.apply(wish, "clerk", "li", noon(FIRST))
        granted = (("centre", "wang"), ("finance", "zhou"), ("logistics", "zhao"))
        for who in granted[: 3 if n < 3 else 1]:
            store.merchants.act(n + 1, 1, "grant", who, "", noon(FIRST) + 60)
    paid = sold(store)
    store.days.close(LAST, HEARD | {2: noon(LAST)}, "zhou", noon(LAST + 1))
    statement(store, paid, 1)


def settled(store):
    """The first two weeks, closed and paid."""
    then = days.begins_utc_s(FIRST + 14) + 9 * 3600
    store.days.close(FIRST + 13, HEARD, "zhou", then)
    store.settlements.make(FIRST + 13, "zhou", then)
    request = store.requests.find(True, 9)[0]["id"]
    store.decisions.decide(request, True, "qian", then + 60)


def sold(store):
    """A month of noons. -> what was paid in: (day, fen)"""
    serials, paid = dict.fromkeys(range(1, 8), 0), []
    for day in range(FIRST, LAST + 1):
        a_day(store, day, serials, paid)
        if day == FIRST + 13:
            settled(store)
    return paid


def a_day(store, day, serials, paid):
    rows, moved = [], []
    for n in range(24):
        fen = 2000 + 500 * ((n + day) % 9)
        paid.append((day, fen))
        moved.append(order(n + 1, fen))
    moved += [fee(1500)] * (day % 3 == 0)
    for n in range(60):
        terminal, card = n % 7 + 1, n % 24 + 1
        serials[terminal] += 1 + (n == 30 and day == LAST - 2)
        fen, serial = 600 + 37 * ((n * 7 + day) % 40), serials[terminal]
        grey = n == 17 and day in (LAST - 2, LAST)
        came = day + (n == 44 and day == LAST - 2)
        rows.append(
            (terminal, serial, 1, 255 if grey else 15, 0, 0, 0, noon(day) + n * 40, card, fen, 0,
             content(terminal, serial, noon(day) + n * 40, card, fen), noon(came) + n * 40)
        )  # fmt: skip
        if not grey and came == day:
            name = store.terminals.get(terminal)["merchant"]
            moved.append(Transfer(("purse", str(card)), ("merchant", name), fen, terminal, serial))
    with store.group():
        store.db.insert(
            "record (terminal, serial, type, outcome, reason, fault, flags, utc_s, card,"
            " amount_fen, balance_fen, content, received_utc_s)",
            rows,
        )
        store.accounts.book(moved, noon(day) + 3600)
        if day == LAST - 1:
            name = store.terminals.get(3)["merchant"]
            late = Transfer(("purse", "21"), ("merchant", name), 1340, 3, serials[3] - 10)
            store.accounts.book([late], noon(day) + 7200)


def statement(store, paid, batch):
    """The bank's statement: most of it as ours, some of it not."""
    rows = [["交易日期", "收入", "支出", "订单号", "流水号", "摘要"]]
    for n, (day, fen) in enumerate(paid[:-3]):
        rows.append([validity.shown(day), f"{fen / 100:.2f}", "", "", f"20261100{n:05}", "充值"])
    fees = [FIRST + n for n in range(LAST - FIRST + 1) if (FIRST + n) % 3 == 0]
    for n, day in enumerate(fees):
        rows.append([validity.shown(day), "15.00", "", "", f"20261190{n:05}", "补卡工本费"])
    for row in store.settlements.rows(batch):
        told = f"JS{batch}-{row['place']}"
        rows.append(["2026-11-16", "", f"{row['net_fen'] / 100:.2f}", told, f"9{row['place']:09}",
                     "商户结算"])  # fmt: skip
    rows.append(["2026-11-21", "3.17", "", "", "2026112100001", "活期利息"])
    rows.append(["2026-11-22", "12.345", "", "", "2026112200001", "充值"])
    entries, faults = statements.read(sheets.rows(as_csv(rows, "gbk")))
    store.statements.put(b"1" * 32, "交易明细 2026-11.csv", entries, faults, "zhou", noon(LAST + 1))
    made, *_ = store.statements.outcome(days.month_of(FIRST))
    if made.surplus:
        store.statements.resolve(
            days.month_of(FIRST), "bank", made.surplus[0], "explained", "活期利息，转利息收入",
            "zhou", noon(LAST + 1),
        )  # fmt: skip


async def main(folder):
    """Make the college, look at every page."""
    anywhere = Address("127.0.0.1", 0)
    with tempfile.TemporaryDirectory() as home:
        server = await Server.open(f"sqlite:///{home}/campus.db", anywhere, anywhere)
        from sync_server.web.access import limiter

        limiter.enabled = False
        await asyncio.to_thread(furnish, server)
        async with async_playwright() as play:
            browser = await play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            await look(browser, server.ready["http"], folder, PAGES, KEPT, "finance")
            await browser.close()
        await server.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    asyncio.run(main(folder))
