"""A top-up from the phone to the till: ordered on the page, paid in the sandbox, booked by its
word, in a real browser against a real server."""

import asyncio
import contextlib
import sys
import threading
from pathlib import Path

from playwright.async_api import async_playwright

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
        width = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0
        await browser.close()


# shows R13
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
