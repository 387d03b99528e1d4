"""A till with real firmware: while admission is not in force it sells, from then on it refuses."""

import asyncio
import http.cookiejar
import re
import urllib.parse
import urllib.request

from terminal_sim import fleet
from tests.sync_server.office import PASSWORD
from tests.world.test_office_page import account


class Person:
    """Somebody who signs in and sends forms, without a browser."""

    def __init__(self, http_address):
        self._http = http_address
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._open = urllib.request.build_opener(jar).open

    def page(self, path):
        with self._open(self._http + path, timeout=60) as answer:
            return answer.read().decode()

    def send(self, where, path, **fields):
        """The form at `path`, from the page `where`. -> the page that follows"""
        token = re.search(r'csrf_token" value="([^"]+)', self.page(where)).group(1)
        data = urllib.parse.urlencode({"csrf_token": token} | fields).encode()
        with self._open(self._http + path, data, timeout=60) as answer:
            return answer.read().decode()


async def signed_in(folder, http_address, name, role):
    given = await account(folder, name, role)
    person = Person(http_address)

    def enter():
        person.send("/sign-in", "/sign-in", name=name, password=given)
        person.send("/password", "/password", old=given, new=PASSWORD, again=PASSWORD)
        return person

    return await asyncio.to_thread(enter)


async def keyed_in(made, fen):
    """The cashier enters an amount until the till will not have it."""
    panel = made.pos.panel
    async with asyncio.timeout(60):
        while not panel.shows("超过单笔限额"):
            panel.press(f"**{fen}#")
            await asyncio.sleep(0.2)


def test_a_till_whose_merchant_is_not_admitted_refuses_and_a_gate_opens(campus, tmp_path):
    async def story():
        async with campus() as made:
            number, card = made.card(balance_fen=5000)
            assert await fleet.pay(made.pos, card, 100) == fleet.ACCEPTED
            centre = await signed_in(tmp_path, made.server.http, "wang", "centre")
            finance = await signed_in(tmp_path, made.server.http, "zhou", "finance")
            await asyncio.to_thread(centre.send, "/merchants", "/merchants/admission")
            page = await asyncio.to_thread(finance.page, "/approvals")
            request = re.search(r'action="(/approvals/\d+)"', page).group(1)
            await asyncio.to_thread(finance.send, "/approvals", request, act="grant")
            await keyed_in(made, 100)
            assert await fleet.present(made.gate, card) == fleet.ACCEPTED
            await made.uploaded(2)
            ledger = made.server.call("GET", "/api/ledger")["accounts"]
            held = {(row["type"], row["key"]): row["balance_fen"] for row in ledger}
            assert held["merchant", "第一食堂"] == 100 and held["purse", str(number)] == 4900

    asyncio.run(asyncio.wait_for(story(), 120))
