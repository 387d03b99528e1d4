"""Both gears play the same scenarios: what reached the ledger must be the same, row by row.

Only what both can do exactly: a line is down but for the moments when it is served to the end,
power fails at card commands, everything else as drawn.
"""

from __future__ import annotations

import asyncio

import pytest

from terminal_sim import scenario
from terminal_sim.gears import happenings, processes, settling
from terminal_sim.gears.inprocess import Campus
from terminal_sim.gears.town import Town
from terminal_sim.prng import Prng
from terminal_sim.weather import Weather

STEPS = 600  # of a line: more than it ever has to do
TAPS = 60
# a terminal that never got a list does not know, after a reboot, how old it is
_FIRST_LISTS = (scenario.Loss(1, True), scenario.Loss(1, False))


def _weather(seed: int) -> Weather:
    """Torn cards, card cuts, lost cards, lines that are down, copies; nothing that only one has."""
    weather = Weather(Prng(seed))
    weather.calm, weather.sealed, weather.hurry = False, False, 0
    weather.sync, weather.offline_taps = 5, 200
    weather.tears, weather.cuts, weather.card_cuts = 3, 8, True
    weather.losses, weather.roams, weather.patience = 20, 3, 4
    weather.spells, weather.spell_s = 40, 600
    weather.reprogram = True
    weather.cpu = weather.codes = 0  # gear 2 has none
    for name in ("link", "server", "backups", "clocks", "clones", "wrong_keys", "burns",
                 "brownouts"):  # fmt: skip
        setattr(weather, name, 0)
    weather.copies, weather.rollbacks = (30, 0) if seed % 2 else (0, 0)
    return weather


def _portable(events):
    """The same events, a line being down but where it is served."""
    for event in events:
        if isinstance(event, scenario.Tap):
            cut = event.cut
            if cut and cut.where == "flash":
                cut = cut._replace(where="card", n=cut.n + 2)
            yield event._replace(cut=cut)
        elif isinstance(event, scenario.Serve):
            for _ in range(2):  # again: of a copied card only the first serving tells the office
                yield event._replace(steps=STEPS, cut=None, whole=False)
            yield scenario.Down(event.terminal, 0)
        else:
            yield event


def _inprocess(seed: int, taps: int):
    campus = Campus(seed, _weather(seed))
    for event in _FIRST_LISTS:
        campus.play(event)
    settling.sync(campus)
    for number in range(1, len(campus.nodes) + 1):
        campus.play(scenario.Down(number, 0))
    for event in _portable(scenario.draw(seed, taps, _weather(seed)).events):
        campus.play(event)
    settling.settle(campus)
    return settling.ledger_rows(campus)


async def _processes(seed: int, taps: int, folder):
    town = Town(seed, folder, _weather(seed))
    try:
        await town.open()
        for event in _FIRST_LISTS:
            await happenings.play(town, event)
        for stand in town.stands.values():
            town.cut_line(stand)
        for event in _portable(scenario.draw(seed, taps, _weather(seed)).events):
            await happenings.play(town, event)
        await processes.settle(town)
        return processes.ledger_rows(town)
    finally:
        await town.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_ledgers_of_both_gears_are_equal(seed, tmp_path):
    mine = _inprocess(seed, TAPS)
    assert len(mine) > TAPS // 2
    assert asyncio.run(_processes(seed, TAPS, tmp_path)) == mine
