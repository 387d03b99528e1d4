"""The phone page in a real browser: bound once, then a code without a network, read by a decoder
that we did not write, taken by the canteen's terminal through its scanner."""

import asyncio
import io

import zxingcpp
from PIL import Image
from playwright.async_api import async_playwright

from card_layout import base45, code
from tests.world.test_codes import said

CHROMIUM = "/usr/bin/chromium-headless-shell"  # half the work of the whole browser
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
WISH = {
    "holder_kind": 2, "name": "张三", "valid_until": "2037-12-31", "zones": 1, "balance_fen": 5000,
}  # fmt: skip
READY_MS = 10_000


def read(picture):
    """-> the text of the one code on a screenshot, by zxing-cpp."""
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return found.text


# shows R24
def test_bound_once_then_a_code_without_a_network(campus):
    async def story():
        async with campus() as made, async_playwright() as play:
            place = made.fleet.add("pos", "第二食堂", "第二食堂", has_scanner=True)
            invited = await asyncio.to_thread(made.server.call, "POST", "/api/phones", WISH)
            await made.fleet.ready()
            browser = await play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            shown = await browser.new_context(viewport={"width": 390, "height": 844})
            page = await shown.new_page()
            await page.goto(invited["link"])
            await page.click("#bind", timeout=READY_MS)
            await page.wait_for_selector("#qr path", timeout=READY_MS)
            assert int(await page.get_attribute("#qr", "data-version")) <= 10
            await page.evaluate("navigator.serviceWorker.ready")
            await shown.set_offline(True)
            await page.goto(invited["link"].partition("#")[0])  # as if opened again in flight mode
            await page.wait_for_selector("#qr path", timeout=READY_MS)
            text = read(await page.screenshot())
            assert len(base45.decode(text)) == code.SIZE
            assert code.parse(base45.decode(text)).authorisation.card == invited["card"]
            panel = place.terminal.panel
            assert await said(panel, text, place) == ["ok", "从账户扣款"]
            await asyncio.sleep(1)
            assert await said(panel, text, place) == ["error", "二维码已用过"]
            await made.uploaded(2)
            await browser.close()

    asyncio.run(asyncio.wait_for(story(), 90))
