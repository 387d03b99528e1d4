"""A top-up from the phone to the till: ordered on the page, paid in the sandbox, booked by its
word, in a real browser against a real server; then two fees, one by each way."""

import asyncio
import contextlib
import sys
import threading
import time
from pathlib import Path

from playwright.async_api import async_playwright

from protocol import record
from sync_server.core import validity
from sync_server.running import Address, Server
from terminal_sim import paying
from tests.world.test_phone_page import CHROMIUM, QUIET, READY_MS

WISH = {
    "holder_kind": 2, "name": "张三", "valid_until": 10000, "zones": 1, "balance_fen": 0,
    "uid": "00000000",
}  # fmt: skip
SIZE = {"width": 390, "height": 844}


@contextlib.asynccontextmanager
async def running(folder):
    """-> (server, sandbox), which know each other."""
    shop = paying.Shop(folder / "campus.db.channel", "127.0.0.1", 0)
    threading.Thread(target=shop.serve, daemon=True).start()
    anywhere = Address("127.0.0.1", 0)
    server = await Server.open(f"sqlite:///{folder}/campus.db", anywhere, anywhere)
    try:
        yield server, shop.channel
    finally:
        await server.close()
        await asyncio.to_thread(shop.close)


async def bound(browser, server, wish):
    """A phone that was bound. -> its page"""
    _, ticket = await asyncio.to_thread(server.orders.phones.invite, wish)
    shown = await browser.new_context(viewport=SIZE, locale="zh-CN")
    page = await shown.new_page()
    await page.goto(f"{server.ready['http']}/phone#{ticket}")
    await page.click("#bind", timeout=READY_MS)
    await page.wait_for_selector("#qr path", timeout=READY_MS)
    return page


async def tops_up(page, look):
    await page.click("#top-up")
    await page.wait_for_selector("#pay:enabled", timeout=READY_MS)
    await page.fill("#own", "501")
    assert await page.is_disabled("#pay")
    await page.fill("#own", "")
    await page.click("#amounts button:nth-child(2)")
    await look(page, "topup")
    await page.click("#pay")
    await page.wait_for_url("**/pay/CC*", timeout=READY_MS)
    await look(page, "sandbox")
    await page.click("button")
    await page.wait_for_selector(".done", timeout=READY_MS)
    await page.click("a")
    await page.wait_for_selector("#orders .tag.booked", timeout=READY_MS)
    await look(page, "booked")


async def disputes(page, server, look):
    """A purchase of this phone's is disputed, and left be."""
    now_s, store = int(time.time()), server.gateway.store
    holder = store.db.conn.execute(
        "INSERT INTO holder (number, kind, name, department, valid_until, made_utc_s)"
        " VALUES ('180001', 2, '张三', '', 10000, 1) RETURNING id"
    ).fetchone()[0]
    store.holders.link_card(holder, 1)
    number = store.terminals.enrol("pos", "第二食堂", "第二食堂", now_s)
    sale = (number, 1, record.PURCHASE, record.DONE, 0, 0, 0, now_s, 1, 1270, 0, b"", now_s)
    store.db.insert(
        "record (terminal, serial, type, outcome, reason, fault, flags, utc_s, card, amount_fen,"
        " balance_fen, content, received_utc_s)",
        [sale],
    )
    store.db.insert("step (card, counter, terminal, serial)", [(1, 1, number, 1)])
    await page.click("#money [data-back]")
    await page.click("#past")
    await page.click("#taps .link", timeout=READY_MS)
    await page.fill("#taps .claim input", "3.5")
    await page.fill("#taps textarea", "打了一份\n按了两份")
    await look(page, "claim")
    await page.click("#taps .claim button")
    await page.wait_for_selector("#taps .case", timeout=READY_MS)
    await look(page, "case")
    (row,) = store.disputes.of_cards([1], 9)
    assert (row["claimed_fen"], row["said"]) == (350, "打了一份 按了两份")
    await page.click("#taps .case button")
    await page.wait_for_selector("#taps .link", timeout=READY_MS)
    assert store.disputes.one(row["id"])["state"] == "withdrawn"


async def pays_fees(page, server, look):
    """What an office ordered stands below the code; paid in the sandbox, and with what there is."""
    store, today = server.gateway.store, validity.today(int(time.time()))
    rows = [
        {"row": str(n), "number": "180001", "item": item, "amount": fen,
         "due": validity.shown(today + n)}
        for n, (item, fen) in enumerate((("英语四级报名费", "45"), ("教材费", "12.5")))
    ]  # fmt: skip
    store.rosters.put("fees-teaching", b"f", "f", rows, "liu", 1)
    store.rosters.apply(1, today, "liu", 1)
    store.decisions.decide(1, True, "zhou", 1)
    await page.goto(page.url.partition("#")[0])
    await page.reload()
    await page.wait_for_selector("#due:visible", timeout=READY_MS)
    assert "英语四级报名费 45.00" in await page.inner_text("#due")
    await look(page, "due")
    await page.click("#due")
    await page.click("#fee-list li:first-child .ways button:first-child", timeout=READY_MS)
    await page.wait_for_url("**/pay/CC*", timeout=READY_MS)
    await page.click("button")
    await page.click("a")
    await page.wait_for_selector("#fee-list .tag.paid", timeout=READY_MS)
    for _ in range(2):  # it asks once more
        await page.click("#fee-list .ways .quiet")
    await page.wait_for_selector("#fee-list:not(:has(.ways)) .tag.paid", timeout=READY_MS)
    await look(page, "fees")
    assert store.fees.collected()["teaching"] == 5750


async def story(folder, look):
    async with running(folder) as (server, sandbox), async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await bound(browser, server, WISH)
        await look(page, "code")
        await tops_up(page, look)
        assert "50.00" in await page.inner_text("#targets .target:first-child")
        (order,) = sandbox.orders.values()
        assert order["state"] == "paid" and order["amount_fen"] == 5000
        store = server.gateway.store
        assert store.topups.totals() == {"booked_fen": 5000, "kept_fen": 0, "refunded_fen": 0}
        assert store.accounts.sum_fen() == 0
        await disputes(page, server, look)
        await pays_fees(page, server, look)
        width = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0
        await browser.close()


# shows R3 R13
def test_ordered_paid_and_booked(tmp_path):
    async def see_nothing(page, name):
        pass

    asyncio.run(asyncio.wait_for(story(tmp_path, see_nothing), 90))


if __name__ == "__main__":  # the pictures: python -m tests.world.test_topup_page FOLDER
    import tempfile

    async def keep(page, name):
        await page.screenshot(path=Path(sys.argv[1]) / f"{name}.png")

    with tempfile.TemporaryDirectory() as home:
        asyncio.run(story(Path(home), keep))
