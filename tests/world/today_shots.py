"""The first page of each office for docs/offices.md: `python -m tests.world.today_shots [FOLDER]`.

The college of money_shots on a working morning: merchants that apply, days to close, fees that are
late, lists that nobody applied. FOLDER gets all at both widths, docs/images those in KEPT, in the
colours that they need.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.async_api import async_playwright

from sync_server.core import days, validity
from sync_server.core.ledger import Transfer, order
from terminal_sim.image import ROOT
from tests.sync_server.office import PASSWORD
from tests.sync_server.test_rosters import as_csv
from tests.world import money_shots, office_shots
from tests.world.test_phone_page import CHROMIUM, QUIET
from tests.world.test_topup_page import running

WHO = {
    "centre": "wang", "finance": "zhou", "personnel": "sun", "teaching": "liu",
    "logistics": "zhao", "students": "xue", "merchant": "chen", "clerk": "li",
}  # fmt: skip
PAGES = {f"today-{role}": (login, "/today") for role, login in WHO.items()} | {
    "today-english": ("wang", "/today?lang=en"),
    "fees": ("liu", "/fees"),
    "fee": ("liu", "/fees/7"),
    "fee-list": ("liu", "/lists/8"),
    "fee-person": ("li", "/people/12"),
    "send": ("liu", "/lists"),
}
KEPT = {f"today-{role}-wide" for role in WHO} | {"today-clerk-phone", "today-logistics-phone"}
KEPT |= {"fee-wide"}
CANTEEN = "饮食服务中心"
COLOURS = 96


def furnish(server):
    """A working morning. -> a phone's ticket"""
    store, orders = server.gateway.store, server.orders
    today = validity.today(int(time.time()))
    for day in range(today - 4, today):
        trade(store, days.begins_utc_s(day) + 12 * 3600, day)
    ticket = money_shots.furnish(server)
    now_s = int(time.time())
    trade(store, now_s, today)
    hashed = orders.offices.hashed(PASSWORD)
    wish = {"name": "xue", "shown": "薛老师", "role": "students", "merchant": None}
    store.officers.set_password(store.officers.add(wish, hashed, "shell", 1), hashed, True)
    store.days.close(today - 3, orders.books._heard(), "zhou", now_s)
    for n, name in enumerate((CANTEEN, "奶茶铺")):
        wish = {"name": name, "contract": f"HT-2026-0{n}", "place": "东区食堂", "bank": "62220211",
                "fee_per_mille": 20, "valid_until": today + 300}  # fmt: skip
        store.merchants.apply(wish, "clerk", "li", now_s)
        for who in (("centre", "wang"), ("finance", "zhou"), ("logistics", "zhao"))[: 3 - 2 * n]:
            store.merchants.act(n + 1, 1, "grant", who, "", now_s)
    charge(store, orders, today, now_s)
    return ticket


def trade(store, utc_s, day):
    """One noon of the canteen."""
    moved = [order(n + 200, 2000 + 500 * n) for n in range(6)]
    moved += [
        Transfer(("purse", str(n + 200)), ("merchant", CANTEEN), 900 + 37 * ((n + day) % 20), 1, n)
        for n in range(1, 60)
    ]
    store.accounts.book(moved, utc_s)


def charge(store, orders, today, now_s):
    """Fees of both offices: one that is late, one that waits for finance."""
    people = office_shots.students(40)[2:]
    said = (
        ("fees-teaching", "英语四级报名费", 2, "45", people, "liu"),
        ("fees-students", "大学生医保", 9, "400", people[:20], "xue"),
        ("fees-teaching", "计算机等级考试", 20, "94", people[:12], "liu"),
    )
    for n, (kind, item, due, fen, rows, by) in enumerate(said):
        head = [["学号", "姓名"], *([row[0], row[1]] for row in rows)]
        if n == 2:
            head += [["189999", "查无"], [rows[0][0], "另一人"]]
        for_all = {"item": item, "due": validity.shown(today + due), "amount": fen}
        number, _ = orders.people.put(kind, f"{item}.csv", as_csv(head), by, for_all)
        if n < 2:
            orders.people.apply(number, by)
            asked = next(r for r in store.requests.find(True, 9) if r["deed"] == "fees")
            store.decisions.decide(asked["id"], True, "zhou", now_s)
            for at, row in enumerate(store.fees.of_roster(number, "", 99)):
                if at % 3:
                    store.fees.take_cash(row["id"], f"SF-{n}-{at:03}", "he", now_s)
    store.db.conn.execute("UPDATE fee SET due = ? WHERE office = 'teaching'", (today - 1,))


def small(path):
    """The same picture in as many colours as it needs."""
    picture = Image.open(path).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


async def hold(browser, server, ticket, picture):
    """The holder's phone, with what is due."""
    shown = await browser.new_context(viewport={"width": 390, "height": 620}, locale="zh-CN")
    page = await shown.new_page()
    await page.goto(f"{server.ready['http']}/phone#{ticket}")
    await page.click("#bind")
    await page.click("#due")
    await page.wait_for_selector("#fee-list .ways")
    await page.screenshot(path=picture)
    await shown.close()


async def main(folder):
    with tempfile.TemporaryDirectory() as home:
        async with running(Path(home)) as (server, _), async_playwright() as play:
            from sync_server.web.access import limiter

            limiter.enabled = False
            ticket = await asyncio.to_thread(furnish, server)
            browser = await play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            phone = ROOT / "docs" / "images" / "phone-fees.png"
            await hold(browser, server, ticket, phone)
            await office_shots.look(browser, server.ready["http"], folder, PAGES, KEPT)
            await browser.close()
    for path in (phone, *(ROOT / "docs" / "images" / f"office-{name}.png" for name in KEPT)):
        small(path)


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    asyncio.run(main(folder))
