"""A small term: forty people, two tills and a gate with the real firmware, every office in
Chromium, nine lost cards, a graduation of twelve, a month closed to the fen."""

import asyncio

from playwright.async_api import async_playwright

from tests.sync_server.databases import url_of
from tests.term import folks, story
from tests.term.clock import Clock
from tests.term.college import College
from tests.term.tills import Till

SEED, PEOPLE, PHONES = 7, 40, 2
SMALL = story.Size(taps=10, days=3, lost=3, graduates=12)


def test_a_term_to_the_fen(tmp_path, both):
    async def played():
        people = folks.invented(SEED, PEOPLE, PHONES)
        with Clock(story.FIRST) as clock:
            async with async_playwright() as play:
                url = url_of(tmp_path / "campus.db")
                async with College(url, tmp_path, clock, play, people, Till.open) as college:
                    return await story.play(college, SMALL, SEED)

    figures = asyncio.run(asyncio.wait_for(played(), 900))
    assert figures["people"] == PEOPLE and figures["lost"] == 6
