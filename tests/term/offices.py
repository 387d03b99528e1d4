"""Those who work here, in a real browser: each has a login and a browser context of their own.

A session ends after half an hour of the story, so whoever comes back signs in again, as people do.
"""

from tests.sync_server.office import PASSWORD
from tests.world.test_phone_page import CHROMIUM, QUIET

WAIT_MS = 60_000
DESK_PC = {"width": 1180, "height": 760}
OFFICERS = (
    ("wang", "王主任", "centre"), ("zhou", "周会计", "finance"), ("wu", "吴科长", "finance"),
    ("liu", "刘老师", "teaching"), ("sun", "孙老师", "personnel"), ("zhao", "赵工", "logistics"),
    ("li", "李晓", "clerk"),
)  # fmt: skip


class Offices:
    """faults: what a browser complained about. Use as an async context manager."""

    def __init__(self, play, server, clock):
        self.faults = []
        self._play = play
        self._server = server
        self._http = server.ready["http"]
        self._clock = clock
        self._pages = {}

    async def __aenter__(self):
        self._browser = await self._play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        self._hash = self._server.orders.offices.hashed(PASSWORD)
        for login, shown, role in OFFICERS:
            self.hire(login, shown, role)
        return self

    async def __aexit__(self, *_):
        await self._browser.close()

    def moved(self, server):
        """It is another server now."""
        self._server, self._http = server, server.ready["http"]

    def hire(self, login, shown, role, merchant=None):
        """An account, with its first password changed."""
        officers = self._server.gateway.store.officers
        wish = {"name": login, "shown": shown, "role": role, "merchant": merchant}
        number = officers.add(wish, self._hash, "shell", self._clock.utc_s)
        officers.set_password(number, self._hash, True)

    async def open(self, login, path):
        """-> the page, with this officer in front of it."""
        if login not in self._pages:
            shown = await self._browser.new_context(viewport=DESK_PC, locale="zh-CN")
            page = self._pages[login] = await shown.new_page()
            page.set_default_timeout(WAIT_MS)
            page.on("console", lambda line: line.type == "error" and self.faults.append(line.text))
        page = self._pages[login]
        await page.goto(self._http + path)
        if await page.query_selector("#password"):
            self._clock.pass_(10)  # as long as it takes; ten a minute may try
            await page.fill("#name", login)
            await page.fill("#password", PASSWORD)
            await press(page, "form.panel button")
            await page.goto(self._http + path)
        return page

    async def act(self, login, path, button, **fields):
        """Open a page, fill in its fields, press a button. -> (page, what it was answered)"""
        page = await self.open(login, path)
        for name, value in fields.items():
            await page.fill(f"main [name={name}]", str(value))
        return page, await press(page, button)

    async def grant(self, *logins):
        """Each of them opens what waits for a second person and grants what they may. -> answers"""
        answers = []
        for login in logins:
            page = await self.open(login, "/approvals")
            while await page.query_selector("button[name=act][value=grant]"):
                answers.append(await press(page, "button[name=act][value=grant]"))
        return answers


async def press(page, button):
    """Press it and wait for the page that comes. -> the words above it"""
    async with page.expect_navigation():
        await page.click(button)
    said = await page.query_selector(".flash")
    return (await said.inner_text()).strip() if said else ""
