"""A loss on a Friday night: the clerk in a browser, then the holder's own phone, both told the
truth while real terminals confirm; htmx under the page's own policy."""

import asyncio
import re
import sys

from playwright.async_api import async_playwright

from tests.sync_server.office import PASSWORD
from tests.world.test_phone_page import CHROMIUM, QUIET, READY_MS

ROWS = "学号,姓名,专业\r\n180001,张三,国际金融\r\n"


async def account(folder, name, role):
    """An account from the shell, beside the running server. -> the password that it gives."""
    made = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sync_server", "office", "add", name, "--role", role),
        *("--db", f"sqlite:///{folder / 'campus.db'}"),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await made.communicate()
    return re.search(r"password (\S+),", said.decode()).group(1)


async def sign_in(page, http, name, given):
    """By the form, with the first password changed at once."""
    await page.goto(f"{http}/")
    await page.fill("#name", name)
    await page.fill("#password", given)
    await page.click("form.panel button")
    await page.fill("#old", given)
    await page.fill("#new", PASSWORD)
    await page.fill("#again", PASSWORD)
    await page.click("main button")
    await page.wait_for_selector("nav.ways", timeout=READY_MS)


async def send_list(page, http, folder):
    """What a program would send, by hand: looked at, then applied."""
    file = folder / "名单.csv"
    file.write_bytes(ROWS.encode("gbk"))
    await page.goto(f"{http}/lists")
    await page.select_option("#kind", "students")
    await page.set_input_files("#file", file)
    await page.click("text=先预览")
    await page.click("text=执行名单")
    await page.wait_for_selector("text=名单已执行", timeout=READY_MS)


async def reached(page):
    """Until the page says, by itself, that every terminal has confirmed."""
    await page.wait_for_selector("text=所有终端均已确认", timeout=READY_MS)


# shows R9
def test_reported_at_the_desk_and_by_phone(campus, tmp_path):
    async def story():
        async with campus() as made, async_playwright() as play:
            browser = await play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            faults = []
            pages = {}
            for name, role in (("liu", "teaching"), ("li", "clerk")):
                shown = await browser.new_context(viewport={"width": 1180, "height": 760})
                page = pages[name] = await shown.new_page()
                page.on("console", lambda line: line.type == "error" and faults.append(line.text))
                given = await account(tmp_path, name, role)
                await sign_in(page, made.server.http, name, given)
            await send_list(pages["liu"], made.server.http, tmp_path)
            number, card = made.card()

            clerk = pages["li"]
            await clerk.goto(f"{made.server.http}/people")
            await clerk.fill("input[name=q]", "张")
            await clerk.click("#found >> text=张三")
            await clerk.fill("#card", str(number))
            await clerk.click("text=关联 >> nth=-1")
            await clerk.click("article.ticket >> text=挂失")
            await reached(clerk)
            assert "已在 2/2 台终端停用" in await clerk.inner_text("#truth")
            await clerk.click("main >> text=解挂")
            await clerk.wait_for_selector("text=已在 2/2 台终端恢复", timeout=READY_MS)

            wish = {"holder_kind": 2, "name": "张三", "valid_until": "2028-07-01", "zones": 1,
                    "balance_fen": 0, "holder": "180001"}  # fmt: skip
            invited = await asyncio.to_thread(made.server.call, "POST", "/api/phones", wish)
            held = await browser.new_context(viewport={"width": 390, "height": 844})
            phone = await held.new_page()
            phone.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
            await phone.goto(invited["link"])
            await phone.click("#bind", timeout=READY_MS)
            await phone.click("#mine", timeout=READY_MS)
            await phone.click("article >> text=挂失", timeout=READY_MS)
            await phone.wait_for_selector("text=已在 2/2 台终端停用", timeout=READY_MS)
            await phone.click("#back")
            await phone.wait_for_selector("#qr path", timeout=READY_MS)
            assert faults == []
            await browser.close()

    asyncio.run(asyncio.wait_for(story(), 120))
