"""Gear 1's campuses in hard weather: they converge, they repeat, and their checks can fail."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from firmware.core import policy
from protocol import reasons
from protocol.session import Session
from sync_server import cli
from sync_server.core import ingest
from terminal_sim import scenario
from terminal_sim.gears import chaos, interpreters, settling
from terminal_sim.gears.inprocess import Campus
from terminal_sim.gears.sealed import Sealed
from terminal_sim.oracle import Violation
from terminal_sim.weather import TROUBLES, Weather

TAPS = 2000
NOTHING_WRONG = {"lost": 0, "doubled": 0, "grey_open": 0, "invariants_ok": True}

# what once broke, and the seed that showed it; the fault has a test of its own where it was
REGRESSIONS = {
    "a_clock_beyond_2106_stopped_lists": 11,
    "numbers_of_a_new_flash_were_used_twice": 22,
    "a_copy_torn_and_put_back_was_never_paid": 44,
    "a_grey_whose_witness_burnt": 23,
    "what_two_burnt_terminals_took_was_unnamed": 45,
    "records_gone_before_their_terminal_burnt": 32114593,
    "a_clock_set_right_between_a_cut_and_the_sale_again": 1073225755,
    "an_open_grey_of_a_copied_card": 731435058,
    "a_restored_server_before_it_was_noticed": 40,
    "a_torn_debit_of_a_copied_card_whose_record_a_restore_lost": 548382479,
}


@pytest.mark.parametrize("seed", [1, 2, 3, 8, 10])
def test_a_campus_converges(seed):
    figures = chaos.play(seed, TAPS)
    assert {name: figures.get(name) for name in NOTHING_WRONG} == NOTHING_WRONG, figures


@pytest.mark.parametrize("name", REGRESSIONS)
def test_what_once_broke(name):
    seed = REGRESSIONS[name]
    weather = scenario.draw(seed, 0).weather
    weather.cpu = weather.codes = 0  # as it was then
    figures = Campus(seed, weather).run(3000)
    assert {key: figures.get(key) for key in NOTHING_WRONG} == NOTHING_WRONG, figures


def test_a_proof_whose_purchase_a_restore_lost():
    """Of a true card, and yet it was named: the server had gone back behind the purchase."""
    seed = 173648509
    figures = Campus(seed, scenario.draw(seed, 0).weather).run(4000)
    assert {key: figures.get(key) for key in NOTHING_WRONG} == NOTHING_WRONG, figures


def everything():
    """A weather in which all that can happen does."""
    weather = Weather(scenario.Prng(1))
    rates = {"sync": 3, "hurry": 1, "link": 10, "spells": 40, "tears": 10, "cuts": 10,
             "brownouts": 100, "losses": 20, "roams": 3, "server": 30, "backups": 100,
             "clocks": 50, "copies": 50, "forgers": 4, "rollbacks": 40, "clones": 300,
             "cpu": 4, "codes": 2, "screenshots": 2,
             "wrong_keys": 50, "burns": 300, "sealed": True, "calm": False}  # fmt: skip
    for name, value in rates.items():
        setattr(weather, name, value)
    weather.link_faults = ("lost", "doubled", "delayed", "reordered", "truncated", "corrupted",
                           "collision", "half_open", "dead")  # fmt: skip
    weather.server_faults = ("kill", "disk_full", "locked", "restart")
    return weather


@pytest.mark.parametrize("sealed", [True, False])
def test_all_troubles_at_once(sealed):
    weather = everything()
    weather.sealed = sealed
    figures = Campus(8, weather).run(TAPS)
    assert {name: figures[name] for name in NOTHING_WRONG} == NOTHING_WRONG
    some = ["power_cuts", "card_tears", "link_faults", "server_kills", "spells", "copies", "burnt",
            "rollbacks", "clones", "clone_records_named", "clones_flagged", "wrong_keys",
            "clock_faults", "restores", "cuts_in_recovery", "rebuilt", "greys_resolved",
            "code_taps", "screenshots_taken", "bad_proofs",
            *(f"link_{name}" for name in weather.link_faults)]  # fmt: skip
    if not sealed:
        some.remove("wrong_keys")  # there are none on that line
    assert [name for name in some if not figures.get(name)] == []
    assert figures["longest_offline_s"] > 60


def test_seeds_draw_every_trouble_and_good_weather_too():
    drawn = [scenario.draw(seed, 0).weather for seed, _ in scenario.parts(1, 64 * 4000)]
    assert len(drawn) == 64
    for name in TROUBLES:
        assert {bool(getattr(weather, name)) for weather in drawn} == {True, False}, name
    assert any(weather.calm for weather in drawn)


def test_events_do_not_depend_on_what_came_of_them():
    events = [list(scenario.draw(9, 300).events) for _ in range(2)]
    assert events[0] == events[1]
    assert sum(isinstance(event, scenario.Tap) for event in events[0]) == 300


def digests(seed, hash_seed):
    script = (
        "import json; from terminal_sim import scenario; from terminal_sim.gears import chaos;"
        " scenario.PART_TAPS = 500;"
        f" print(json.dumps(chaos.run({seed}, 1000, lambda taps: None, jobs={hash_seed})))"
    )
    env = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=env, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    figures = json.loads(done.stdout)
    return [figures[name] for name in ("digest", "terminals_digest", "ledger_digest")]


def test_the_same_seed_gives_the_same_bytes_in_any_process_and_on_any_cores():
    assert digests(5, 1) == digests(5, 2)


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_terminals_are_the_same_on_both_micropythons(seed):
    here, *there = interpreters.compare(seed, 100)
    assert there == [here, here]


def test_records_that_are_gone_with_an_old_backup_are_named():
    weather = everything()
    weather.sync, weather.sectors = 1, 2
    weather.backups = weather.burns = weather.copies = weather.clones = 0
    campus = Campus(7, weather)
    campus.deep_restores = True
    events = [*scenario.draw(7, 1200, weather).events]
    for event in (scenario.Server("backup", 0), *events, scenario.Server("restore", 0)):
        campus.play(event)
    settling.settle(campus)
    figures = settling.figures(campus, 1)
    assert figures["gone"] > 100 and figures["restores"] == 1
    assert {name: figures[name] for name in NOTHING_WRONG} == NOTHING_WRONG


def test_a_server_that_believes_anybody_is_found(monkeypatch):
    monkeypatch.setattr(Sealed, "_epoch", -1, raising=False)
    take = Session.receive

    def believes(self, kind, payload):
        events = take(self, kind, payload)
        return events + [("request", bytes((2,)) + bytes(64))] if kind == 1 else events

    monkeypatch.setattr(Session, "receive", believes)
    with pytest.raises(Violation, match="I7"):
        campus = Campus(7, everything())
        for line in campus.lines.values():
            monkeypatch.setattr(campus.office, "trace", iter(range(9)).__next__)
            line.forge(3)


def test_a_clone_that_passes_is_found(monkeypatch):
    """The server answers another record under a known number as if it were that one."""
    judge = ingest.judge

    def lenient(terminal, parsed, known, result):
        judge(terminal, parsed, known, result)
        return [(1, 0)] * len(parsed)

    weather = everything()
    weather.burns = weather.copies = weather.backups = 0
    monkeypatch.setattr(ingest, "judge", lenient)
    with pytest.raises(Violation, match="I7"):
        Campus(7, weather).run(600)


def without(reason):
    return tuple(check for check in policy.CHECKS if check[0] != reason)


@pytest.mark.parametrize("reason", [reasons.OFFLINE_TAPS, reasons.COUNTER_BACK])
def test_a_terminal_that_bounds_no_forger_is_found(monkeypatch, reason):
    weather = everything()
    weather.spells, weather.spell_s, weather.offline_taps, weather.burns = 10, 20_000, 3, 0
    monkeypatch.setattr(policy.judge, "__defaults__", (without(reason),))
    with pytest.raises(Violation, match="I7"):
        Campus(7, weather).run(TAPS)


def test_the_command_prints_the_weather_first_and_the_repeat_last(tmp_path):
    file = tmp_path / "f.json"
    done = CliRunner().invoke(
        cli.campus, ["chaos", "--seed", "4", "--taps", "300", "--json", str(file)]
    )
    lines = done.stdout.splitlines()
    assert done.exit_code == 0 and lines[0].startswith("seed 4, 300 taps")
    assert lines[-1] == "campus chaos --seed 4 --taps 300"
    figures = json.loads(file.read_text())
    for key in ("taps", "power_cuts", "card_tears", "link_faults", "server_kills", "lost",
                "doubled", "grey_open", "invariants_ok", "digest", "weather", "greys_resolved",
                "clones_flagged", "longest_offline_s", "terminals_digest"):  # fmt: skip
        assert key in figures
    assert figures["taps"] == 300 and figures["weather"][0]["seed"] == 4


def test_the_command_fails_with_one_line_and_the_shortest_repeat(monkeypatch):
    wrong = {"invariants_ok": False,
             "violation": {"seed": 77, "taps": 4000, "what": "I3: a fen is gone"}}  # fmt: skip
    monkeypatch.setattr(chaos, "run", lambda *arguments: wrong)
    done = CliRunner().invoke(cli.campus, ["chaos", "--seed", "4", "--taps", "9000"])
    assert done.exit_code == 1
    assert [line for line in done.stderr.splitlines() if "Error" in line] == [
        "Error: I3: a fen is gone"
    ]
    assert done.stdout.splitlines()[-1] == "campus chaos --seed 77 --taps 4000"
