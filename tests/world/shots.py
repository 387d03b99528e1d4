"""The pictures of the page to play on, for docs/: `python -m tests.world.shots` makes them anew."""

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from terminal_sim.image import ROOT
from terminal_sim.play.room import Room
from terminal_sim.server import ServerProcess
from tests.world.test_phone_page import CHROMIUM, QUIET
from tests.world.test_play import Player, story

KEPT = {"paid", "torn", "code", "offline", "gate", "fire", "water", "power"}


async def main(folder):
    """Play the whole story, look at some of it."""
    server = ServerProcess(folder)
    server.start()
    try:
        async with Room(server, folder) as room, async_playwright() as play:
            browser = await play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            page = await browser.new_page(viewport={"width": 1080, "height": 860})

            async def shot(name):
                await asyncio.sleep(0.3)
                if name in KEPT:
                    await page.screenshot(path=ROOT / "docs" / "images" / f"play-{name}.png")

            await page.goto(room.address)
            await story(Player(page), shot)
            await browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(main(Path(name)))
