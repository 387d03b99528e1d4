"""The pictures of the offices for docs/: `python -m tests.world.office_shots [FOLDER]`.

A real server with a small college made up for it; every page at the width of an old office PC and
of a phone. FOLDER gets all of them, docs/images the few in KEPT. Chinese needs a font
(fonts-noto-cjk).
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import async_playwright

from protocol import messages, record
from sync_server.running import Address, Server
from terminal_sim.image import ROOT
from tests.sync_server.office import PASSWORD
from tests.sync_server.test_rosters import as_csv
from tests.world.test_phone_page import CHROMIUM, QUIET

WIDTHS = {"wide": (1180, 760), "phone": (390, 800)}
PAGES = {
    "people": ("li", "/people?q=18"),
    "person": ("li", "/people/1"),
    "english": ("li", "/people/1?lang=en"),
    "truth": ("li", "/cards/1/reach"),
    "list": ("liu", "/lists/2"),
    "lists": ("liu", "/lists"),
    "approvals": ("wang", "/approvals"),
    "leavers": ("zhou", "/leavers"),
    "officers": ("wang", "/officers"),
    "audit": ("wang", "/audit"),
    "overview": ("wang", "/"),
    "sign-in": ("", "/sign-in"),
    "terminals": ("zhao", "/terminals"),
    "terminal": ("zhao", "/terminals/2"),
    "alarms": ("wang", "/alarms"),
}
KEPT = {"truth-wide", "truth-phone", "list-wide", "people-wide", "terminals-wide", "terminal-phone"}
NAMES = "王李张刘陈杨赵黄周吴"
GIVEN = ("伟", "芳", "娜", "敏", "静", "秀英", "强", "磊", "洋", "艳")
OFFICERS = (
    ("wang", "王主任", "centre"), ("zhou", "周会计", "finance"), ("liu", "刘老师", "teaching"),
    ("sun", "孙老师", "personnel"), ("zhao", "赵工", "logistics"), ("li", "李晓", "clerk"),
)  # fmt: skip


def name(n):
    return NAMES[n % 10] + GIVEN[n // 10 % 10]


def students(count):
    majors = ("国际金融", "软件技术", "化工工艺", "建筑设计")
    return [[str(180001 + n), name(n), f"18{majors[n % 4]}"] for n in range(count)]


def furnish(server):
    """People, cards, terminals that said something, lists in every state. -> a phone's ticket"""
    orders, store = server.orders, server.gateway.store
    hashed = orders.offices.hashed(PASSWORD)
    for login, shown, role in OFFICERS:
        wish = {"name": login, "shown": shown, "role": role, "merchant": None}
        store.officers.set_password(store.officers.add(wish, hashed, "shell", 1), hashed, True)
    places = [("pos", f"第一食堂 1-0{n}", "饮食服务中心") for n in range(1, 5)]
    places += [
        ("gate", "图书馆 东门", ""),
        ("water", "3-2-07", "物业"),
        ("water", "3-2-08", "物业"),
    ]
    for kind, place, merchant in places:
        orders.enrol(kind, place, merchant)
    head = ["学号", "姓名", "专业"]
    data = as_csv([head, *students(120)], "gbk")
    orders.people.put("students", "2018级在校生.csv", data, "liu")
    orders.people.apply(1, "liu")
    wishes = [
        {"holder_kind": 2, "name": row[1], "uid": f"04a1b{n:03x}", "valid_until": 10000, "zones": 1,
         "balance_fen": 3000 + 517 * n % 20000, "holder": row[0]}
        for n, row in enumerate(students(120))
    ]  # fmt: skip
    orders.issue_cards(wishes)
    orders.loss_report(1, "li")
    later = [["180003", "张伟", "18软件技术"], ["180001", "王伟强", "18国际金融"], *students(4)[3:],
             ["190001", "新同学", "19国际金融"], ["190001", "新同学", "19国际金融"],
             ["", "无学号", "x"],
             ["190002", "<b>李</b>", "19软件技术"]]  # fmt: skip
    orders.people.put("students", "9月学籍变动.csv", as_csv([head, *later]), "liu")
    leave = ["学号", "姓名", "原因", "余额处理", "捐赠金额", "银行卡号"]
    rows = [
        [row[0], row[1], "毕业", ("退款", "捐赠", "部分捐赠")[n % 3], "20.00" if n % 3 == 2 else "",
         f"62220210010{n:05}"]
        for n, row in enumerate(students(120)[40:100])
    ]  # fmt: skip
    orders.people.put("students-leave", "2026届毕业生.csv", as_csv([leave, *rows]), "liu")
    orders.people.apply(3, "liu")
    few = [[row[0], row[1], "退学", "退款", "", ""] for row in students(120)[110:116]]
    orders.people.put("students-leave", "退学学生.csv", as_csv([leave, *few]), "liu")
    orders.people.apply(4, "liu")
    wish = wishes[0] | {"balance_fen": 0}
    _, ticket = orders.phones.invite(wish)
    eat(server)
    speak(server)
    return ticket


def speak(server):
    """What terminals have reported: five have the newest list."""
    store, now_s = server.gateway.store, int(time.time())
    version, _, digest = store.lists.state(messages.BLACKLIST, 0)
    for number in range(1, 7):
        store.terminals.report(
            number, Said(number, version, now_s), now_s - 40 * (number == 6) * 60
        )
        known = server.gateway.terminals[number]
        known.contact_utc_s = now_s - (number == 6) * 2400
        if number != 6:
            known.held = version
            store.lists.confirm(number, messages.BLACKLIST, version, digest, now_s + number)
            server.gateway.live[number] = Heard()


def eat(server):
    """Some noons: rows as the store has them after an upload."""
    store, now_s = server.gateway.store, int(time.time())
    records, steps, serials = [], [], dict.fromkeys(range(1, 5), 0)
    for n in range(160):
        card, terminal = (1, n % 4 + 1) if n % 16 == 0 else (n % 40 + 2, n % 4 + 1)
        serials[terminal] += 1
        serial, paid_s = serials[terminal], now_s - (160 - n) * 97
        is_refused = n % 19 == 7
        kind, reason = (record.REFUSAL, 5) if is_refused else (record.PURCHASE, 0)
        records.append(
            (terminal, serial, kind, record.DONE, reason, 0, record.PURSE_READ, paid_s, card,
             300 + 37 * n % 1500, 2000 + 91 * n % 9000, b"", paid_s + 1)
        )  # fmt: skip
        if not is_refused:
            steps.append((card, n, terminal, serial))
    store.db.insert(
        "record (terminal, serial, type, outcome, reason, fault, flags, utc_s, card, amount_fen,"
        " balance_fen, content, received_utc_s)",
        records,
    )
    store.db.insert("step (card, counter, terminal, serial)", steps)
    orders = server.orders.care
    for number, who in (
        (1, "陈师傅"),
        (2, "陈师傅"),
        (3, "王师傅"),
        (6, "物业 老吴"),
        (7, "物业 老吴"),
    ):
        orders.set_responsible(number, who)
    orders.note(6, "damage", "阀门关不严，宿舍 207 门口滴水", "xue")
    orders.note(2, "inspection", "外观、接线正常", "zhao")


class Heard:
    """Stands for a connection that spoke a moment ago."""

    def __init__(self):
        self.heard_s = time.monotonic()


class Said:
    """A report."""

    def __init__(self, number, version, now_s):
        self._values = {
            "utc_s": now_s + (700 if number == 3 else 1), "major": 0, "minor": 2,
            "patch": number % 2,
            "list_version": version - (number == 6), "queue": 37 * (number == 6), "grey": 0,
            "taps": 1300 * number, "tears": 11 * number, "boots": 2, "capacity": 16384,
            "serial_next": 900, "heap_peak": 180_000, "clock_trusted": 1, "offline_s": 0,
        }  # fmt: skip

    def _asdict(self):
        return self._values


async def look(browser, http, folder, pages=PAGES, kept_ones=KEPT, office="office"):
    for width, (columns, rows) in WIDTHS.items():
        for page_name, (login, path) in pages.items():
            shown = await browser.new_context(viewport={"width": columns, "height": rows})
            page = await shown.new_page()
            if login:
                await page.goto(f"{http}/sign-in")
                await page.fill("#name", login)
                await page.fill("#password", PASSWORD)
                await page.click("form.panel button")
            await page.goto(f"{http}{path}")
            picture = folder / f"{page_name}-{width}.png"
            await page.screenshot(path=picture)
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                print(f"{picture.name} is wider than its window")
            if f"{page_name}-{width}" in kept_ones:
                kept = ROOT / "docs" / "images" / f"{office}-{page_name}-{width}.png"
                kept.write_bytes(picture.read_bytes())
            await shown.close()


async def hold(browser, server, ticket, picture):
    """The holder's own phone, with the card that is lost."""
    shown = await browser.new_context(viewport={"width": 390, "height": 800}, locale="zh-CN")
    page = await shown.new_page()
    await page.goto(f"{server.ready['http']}/phone#{ticket}")
    await page.click("#bind")
    await page.click("#mine")
    await page.wait_for_selector("article")
    await page.screenshot(path=picture)
    (ROOT / "docs" / "images" / "phone-loss.png").write_bytes(picture.read_bytes())
    await shown.close()


async def main(folder):
    """Make the college, look at every page."""
    anywhere = Address("127.0.0.1", 0)
    with tempfile.TemporaryDirectory() as home:
        server = await Server.open(f"sqlite:///{home}/campus.db", anywhere, anywhere)
        server.app.config["RATELIMIT_ENABLED"] = False
        from sync_server.web.access import limiter

        limiter.enabled = False
        ticket = await asyncio.to_thread(furnish, server)
        async with async_playwright() as play:
            browser = await play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            await look(browser, server.ready["http"], folder)
            await hold(browser, server, ticket, folder / "phone-loss.png")
            await browser.close()
        await server.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    asyncio.run(main(folder))
