"""A terminal with a display of pixels: a person sees there what the panel says."""

import asyncio

import pytest

from terminal_sim import fleet
from terminal_sim.display import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_each_screen_is_drawn_and_power_takes_it_away(campus, kind):
    async def story():
        async with campus() as made:
            place = made.fleet.add("pos", "第二食堂", "第二食堂", display=kind)
            await made.fleet.ready()
            glass = place.terminal.display
            seen = {await still(glass)}
            _, card = made.card()
            for amount_fen, came in ((1250, fleet.ACCEPTED), (4000, fleet.REFUSED)):
                assert await fleet.pay(place.terminal, card, amount_fen) == came
                seen.add(await still(glass))
            assert len(seen) == 3 and glass.glass.noise == 0
            place.terminal.kill()
            dark = glass.glass.rgb()
            assert dark not in seen and len(set(zip(*[iter(dark)] * 3, strict=True))) == 1
            place.terminal.start()
            async with asyncio.timeout(20):
                while glass.glass.rgb() == dark:
                    await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(story(), 60))


async def still(glass):
    """-> its pixels, when they have come to rest."""
    before = None
    async with asyncio.timeout(60):
        while before != glass.glass.rgb():
            before = glass.glass.rgb()
            await asyncio.sleep(0.3)
    return before
