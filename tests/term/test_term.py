"""A term: every office in Chromium, terminals with the real firmware, lost cards, a graduation, a
month closed to the fen. Small, with forty people; or with a real college's (docs/term.md)."""

import asyncio
import json

from playwright.async_api import async_playwright

from tests.sync_server.databases import url_of
from tests.term import folks, passes, story
from tests.term.clock import Clock
from tests.term.college import College
from tests.term.tills import Till

SEED, PEOPLE, PHONES = 7, 40, 2
SMALL = story.Size(taps=10, days=3, tills=1, lost=3, graduates=12)
OTHERS, MANY_PHONES = 400, 300  # who do not study, in a large college; who have codes
LARGE = story.Size(taps=400, days=14, tills=3, lost=10, graduates=1400)
PATIENCE_S = 900, 4 * 3600


def test_a_term_to_the_fen(tmp_path, both, request):
    people, gates, size = wanted(request.config)

    async def played():
        with Clock(story.FIRST) as clock:
            async with async_playwright() as play:
                url = url_of(tmp_path / "campus.db")
                async with College(url, tmp_path, clock, play, people, Till.open) as college:
                    return await story.play(college, size, SEED, gates)

    files = {"strangers": gates.strangers, "not_let_in": gates.refused}
    figures = files | asyncio.run(asyncio.wait_for(played(), PATIENCE_S[size is LARGE]))
    print(json.dumps(figures, ensure_ascii=False))
    assert figures["people"] == len(people) and figures["left"] == size.graduates + 2


def wanted(config):
    """-> people, who passes which gate, size: the small term, or that of the files that are named
    (this folder's conftest.py has the options)."""
    path = config.getoption("people", None)
    if path is None:
        return folks.invented(SEED, PEOPLE, PHONES), story.ONE_GATE, SMALL
    people = folks.listed(path, SEED, OTHERS, MANY_PHONES)
    gates = config.getoption("gates")
    return people, passes.read(gates, people) if gates else story.ONE_GATE, LARGE
