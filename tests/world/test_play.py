"""The page on which people play, in a real browser: what they see is the firmware's own screen."""

import asyncio

import pytest
from playwright.async_api import async_playwright

from terminal_sim.play.room import Room
from terminal_sim.server import ServerProcess
from tests.world.test_phone_page import CHROMIUM, QUIET

WAIT_MS = 120_000
NO_ORDERS = (
    {}, {"do": "press", "keys": "\x1b[A"}, {"do": "hold", "thing": 99}, {"do": "press"},
    {"do": "hold", "thing": "0"}, {"do": "turn", "on": True}, {"do": ["x"]},
    {"do": "fire", "on": True}, {"do": "exit"}, {"do": "door", "on": True},
)  # fmt: skip


@pytest.fixture
def server(tmp_path):
    made = ServerProcess(tmp_path)
    made.start()
    yield made
    made.stop()


class Player:
    """A person at the page."""

    def __init__(self, page):
        self.page = page

    async def press(self, keys):
        for key in keys:
            await self.page.click(f'[data-key="{key}"]')

    async def hold(self, thing):
        await self.page.click(f'[data-thing="{thing}"]')

    async def sees(self, text):
        """Wait until the screen's words have it."""
        script = "text => document.getElementById('rows').textContent.includes(text)"
        await self.page.wait_for_function(script, arg=text, timeout=WAIT_MS)

    async def asks(self, amount):
        await self.press(f"*{amount}#")
        await self.sees("应付")

    async def picture(self):
        """Pixels of the screen that are not black."""
        return await self.page.evaluate(
            """() => { const glass = document.getElementById('glass');
            const sheet = Object.assign(document.createElement('canvas'),
                {width: glass.naturalWidth, height: glass.naturalHeight});
            const pen = sheet.getContext('2d'); pen.drawImage(glass, 0, 0);
            const dots = pen.getImageData(0, 0, sheet.width, sheet.height).data;
            return dots.filter((value, at) => at % 4 !== 3 && value > 64).length; }"""
        )


async def story(player, shot):
    """Everything that a college is shown; `shot(name)` after each scene."""
    await player.sees("请刷卡")
    await player.asks("1250")
    await player.hold("student")
    await player.sees("余额 87.50 元")
    assert await player.picture() > 1000
    await shot("paid")
    await player.hold("student")  # taken away
    await player.asks("880")
    await player.page.check("#tears")
    await player.hold("student")
    await player.sees("请把卡放回")
    await shot("torn")
    await player.page.uncheck("#tears")
    await player.page.wait_for_selector("#reader:not(.full)")
    await player.hold("student")
    await player.sees("余额 78.70 元")  # paid once
    await player.hold("student")
    await player.asks("600")
    await player.hold("phone")
    await player.sees("从账户扣款")
    await shot("code")
    await player.page.check("#again")
    await asyncio.sleep(1.2)  # the module tells the same code again only after a while
    await player.asks("600")
    await player.hold("phone")
    await player.sees("二维码已用过")
    await player.page.click("#network")
    await player.press("*")
    await player.sees("脱机")
    await shot("offline")
    await player.asks("150")
    await player.hold("staff")
    await player.sees("余额 98.50 元")
    await player.page.click("#power")
    await player.page.wait_for_selector("#device.dead")
    await shot("dark")
    await player.page.click("#network")
    await player.page.click("#power")
    await player.sees("断电前已支付")
    await player.hold("staff")
    await at_the_gate(player, shot)
    await player.page.click("#terminals a:nth-child(3)")
    await player.page.wait_for_selector("#tap:not([hidden])")
    await player.sees("请刷卡")
    await player.hold("staff")
    await player.sees("用量")
    await shot("water")
    await player.hold("staff")  # taken away: the valve shuts
    script = "!document.getElementById('outputs').textContent.includes('阀门')"
    await player.page.wait_for_function(script, timeout=WAIT_MS)
    await at_the_relay(player, shot)


async def at_the_relay(player, shot):
    """Power flows while a card lies there."""
    await player.page.click("#terminals a:nth-child(4)")
    await player.page.wait_for_selector("#tap:not([hidden])")
    await player.sees("请刷卡")
    await player.hold("student")
    await player.sees("用电")
    await shot("power")
    await player.hold("student")  # taken away: the relay opens
    script = "!document.getElementById('outputs').textContent.includes('已通电')"
    await player.page.wait_for_function(script, timeout=WAIT_MS)
    await player.sees("应退")


async def at_the_gate(player, shot):
    """Who may pass, and who may not."""
    await player.page.click("#terminals a:nth-child(2)")
    await player.page.wait_for_selector("[data-thing=lost]")
    await player.hold("student")
    await player.sees("请通行")
    await player.page.wait_for_function("document.getElementById('outputs').textContent")
    await shot("gate")
    await player.hold("lost")
    await player.sees("卡已挂失")
    await player.hold("lost")
    await at_the_door(player, shot)


async def at_the_door(player, shot):
    """The exit button lets out, force is an alarm, a fire opens for everybody."""
    shut = "!document.getElementById('outputs').textContent.includes('门已开')"
    await player.page.wait_for_function(shut, timeout=WAIT_MS)
    await player.page.click("#door")
    await player.page.wait_for_function(
        "document.getElementById('problem').textContent === '门锁着，推不开'", timeout=WAIT_MS
    )
    await player.page.click("#exit")
    await player.sees("请通行")
    await player.page.click("#door")
    await player.page.wait_for_selector("#door.on")
    await player.page.click("#door")
    await player.page.wait_for_function(shut, timeout=WAIT_MS)
    await player.page.check("#force")
    await player.page.click("#door")
    await player.sees("门被强行打开")
    await player.page.uncheck("#force")
    await player.page.click("#fire")
    await player.sees("火警")
    assert await player.picture() > 300
    await player.hold("expired")
    await player.sees("学生")  # nobody is sent back
    await player.hold("expired")
    await player.sees("火警")
    await player.page.wait_for_function("!(" + shut + ")", timeout=WAIT_MS)
    await shot("fire")


def test_a_meal_a_torn_card_a_phone_a_cut_and_a_gate(server, tmp_path):
    async def main():
        async with Room(server, tmp_path) as room, async_playwright() as play:
            browser = await play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            page = await browser.new_page(viewport={"width": 1180, "height": 860})
            problems = []
            page.on("pageerror", lambda error: problems.append(str(error)))
            await page.goto(room.address)
            await story(Player(page), nothing)
            await browser.close()
            assert problems == []

    asyncio.run(asyncio.wait_for(main(), 600))


async def nothing(name):
    """No picture of this scene is kept."""


def test_orders_that_are_none_change_nothing(server, tmp_path):
    async def main():
        async with Room(server, tmp_path) as room:
            seat = room.seats[0]
            before = seat.state()
            for order in NO_ORDERS:
                with pytest.raises(ValueError):
                    seat.do(order)
            assert seat.state() == before

    asyncio.run(asyncio.wait_for(main(), 240))
