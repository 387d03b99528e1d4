"""The pictures of docs/payments.md: `python -m tests.world.money_shots [FOLDER]`.

The college of office_shots, with top-ups, cash, disputes and meal subsidies in every state; all at
the width of an old office PC and of a phone. FOLDER gets all of them, docs/images those in KEPT.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import async_playwright

from sync_server.core.topups import Told
from terminal_sim.image import ROOT
from tests.sync_server.office import PASSWORD
from tests.sync_server.test_rosters import as_csv
from tests.world import office_shots
from tests.world.test_phone_page import CHROMIUM, QUIET
from tests.world.test_topup_page import running

OFFICERS = (
    ("chen", "陈店长", "merchant", "饮食服务中心"),
    ("he", "何小琴", "clerk", None),
)
PAGES = {
    "payments": ("zhou", "/payments"),
    "kept": ("zhou", "/payments?kept=1"),
    "cash": ("li", "/cash"),
    "drawers": ("zhou", "/cash"),
    "disputes": ("zhao", "/disputes"),
    "dispute": ("zhao", "/disputes/2"),
    "dispute-paid": ("chen", "/disputes/3"),
    "purchases": ("li", "/disputes/new/3"),
    "subsidies": ("zhou", "/subsidies"),
    "subsidy-list": ("sun", "/lists/6"),
    "approvals-money": ("wang", "/approvals"),
    "dispute-english": ("zhao", "/disputes/2?lang=en"),
}
KEPT = {"kept-wide", "dispute-wide"}


def furnish(server):
    """-> a phone's ticket"""
    office_shots.furnish(server)
    store, orders, now_s = server.gateway.store, server.orders, int(time.time())
    hashed = orders.offices.hashed(PASSWORD)
    for login, shown, role, merchant in OFFICERS:
        wish = {"name": login, "shown": shown, "role": role, "merchant": merchant}
        store.officers.set_password(store.officers.add(wish, hashed, "shell", 1), hashed, True)
    for n in range(14):
        ago_s = now_s - 6000 + 400 * n
        fen = (2000, 5000, 10000, 3300)[n % 4]
        row = store.topups.order("sandbox", n + 2, fen, f"w{n}", f"phone {n + 200}", ago_s)
        if n not in (5, 13):
            told = Told(row["number"], f"42000026{n:010}", fen + 100 * (n == 9), ago_s + 20)
            store.topups.arrived("sandbox", told, ago_s + 21)
        if n == 5:
            store.topups.expire(row["id"], ago_s + 1000)
    store.topups.arrived("sandbox", Told("CC2026110100000777", "4200009", 5000, now_s), now_s)
    store.topups.arrived("sandbox", Told("CC2026110100000777", "4200009", 500, now_s), now_s)
    for n in range(6):
        clerk = ("li", "he")[n % 3 == 2]
        store.cash.take(f"20261128-K7M{n}QX", n + 20, 1000 * (n + 2), clerk, now_s - 900 + n)
    store.decisions.decide(store.cash.ask_reversal(2, "li", now_s), True, "wang", now_s)
    store.cash.ask_reversal(4, "li", now_s)
    dispute(store, now_s)
    subsidise(orders)
    wish = {"holder_kind": 2, "name": "张伟", "uid": "00000000", "valid_until": 10000, "zones": 1,
            "balance_fen": 2350, "holder": "180003"}  # fmt: skip
    return orders.phones.invite(wish)[1]


def dispute(store, now_s):
    said = ("打了两份，只拿了一份", "阿姨按错了，3.70 按成了 7.30", "系统扣了两次", "价格不对")
    answers = ("", "监控看过，确实多按了一次。", "当时重复扣款，同意退。", "菜单价就是这个价。")
    rows = store.db.rows(
        "SELECT r.terminal, r.serial, r.card, r.amount_fen FROM record r WHERE r.type = 1"
        " AND r.card IN (3, 4, 5, 6) AND r.outcome = 15 ORDER BY r.card, r.id"
    )
    for n, card in enumerate((3, 4, 5, 6)):
        row = next(row for row in rows if row["card"] == card)
        at_s = now_s - (4 if n == 0 else 1) * 86400
        purchase = (row["terminal"], row["serial"])
        found = store.disputes.open(purchase, card, row["amount_fen"] // 2, said[n], "li", at_s)
        if answers[n]:
            store.disputes.answer(found["id"], answers[n], "chen", at_s + 3600)
        if n == 2:
            asked = store.disputes.uphold(
                found["id"], row["amount_fen"] // 2, "商户承认重复扣款。", "zhao", at_s + 7200
            )
            store.decisions.decide(asked, True, "wang", at_s + 8000)
        if n == 3:
            store.disputes.refuse(found["id"], "价目表在窗口公示，按价目表收费。", "zhao", at_s)


def subsidise(orders):
    staff = [[f"T{n:03}", office_shots.name(n + 7), "机电学院"] for n in range(12)]
    orders.people.put("staff", "教工.csv", as_csv([["工号", "姓名", "部门"], *staff]), "sun")
    orders.people.apply(5, "sun")
    rows = [[row[0], row[1], "2026-11", "300.00"] for row in staff]
    rows[3][3], rows[5][0] = "30.005", "T999"
    data = as_csv([["工号", "姓名", "月份", "补贴金额"], *rows])
    orders.people.put("subsidies", "11月餐补.csv", data, "sun")
    orders.people.apply(6, "sun")


async def hold(browser, server, ticket, folder):
    """The holder's phone: top-ups, records, a dispute that is being written."""
    shown = await browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    page = await shown.new_page()
    await page.goto(f"{server.ready['http']}/phone#{ticket}")
    await page.click("#bind")
    await page.click("#top-up")
    await page.wait_for_selector("#orders li")
    await page.screenshot(path=folder / "phone-topup.png", full_page=True)
    await page.click("#money [data-back]")
    await page.click("#past")
    await page.wait_for_selector("#taps li")
    await page.click("#taps li:first-child .link")
    await page.screenshot(path=folder / "phone-records.png", full_page=True)
    for name in ("phone-topup", "phone-records"):
        (ROOT / "docs" / "images" / f"{name}.png").write_bytes(
            (folder / f"{name}.png").read_bytes()
        )
    await shown.close()


async def main(folder):
    with tempfile.TemporaryDirectory() as home:
        async with running(Path(home)) as (server, _), async_playwright() as play:
            from sync_server.web.access import limiter

            limiter.enabled = False
            ticket = await asyncio.to_thread(furnish, server)
            browser = await play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            await hold(browser, server, ticket, folder)
            await office_shots.look(browser, server.ready["http"], folder, PAGES, KEPT)
            await browser.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    asyncio.run(main(folder))
