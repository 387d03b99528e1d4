"""The benches count what they say, and the command tells it: counts are checked here, not times."""

import json
import sys
import types

import pytest
from click.testing import CliRunner

from bench import blacklist, chip, code, command, flash, pages, report, tap
from firmware.core.layout import LAYOUTS, SECTOR
from firmware.core.lists import CardList
from sync_server.cli import campus


@pytest.mark.parametrize(("cards", "universe"), blacklist.CASES)
def test_a_list_is_within_its_bar(cards, universe):
    row = blacklist._list(cards, universe)
    assert 1 <= row["ratio"] <= blacklist.BAR
    assert row["bytes"] < row["deflated_bitmap_bytes"] < row["bitmap_bytes"]


@pytest.mark.parametrize(("cards", "universe"), blacklist.CASES)
def test_a_delta_of_many_is_within_the_bar_and_one_of_few_is_mostly_head(cards, universe):
    assert blacklist._delta(200, cards, universe)["ratio"] <= blacklist.BAR
    few = blacklist._delta(10, cards, universe)
    assert few["ratio"] > blacklist.BAR
    # without the head, 5 bits of Rice parameter and the last byte's filling, 2 bytes are left over
    assert few["bytes"] - few["head_bytes"] - 2 <= few["entropy_bytes"] + 2


def test_entropy_is_that_of_a_set():
    assert blacklist.entropy_bytes(1, 256) == pytest.approx(1)
    assert blacklist.entropy_bytes(8, 8) == pytest.approx(0)


def test_what_a_record_costs_in_flash(monkeypatch):
    monkeypatch.setattr(flash, "RECORDS", 1024)
    single, batched = flash.wear("twice", 1), flash.wear("twice", 64)
    assert (single["bytes_per_record"], batched["bytes_per_record"]) == (66.0, 65.0)
    assert single["erases_per_1000"] == batched["erases_per_1000"] == flash.BAR_ERASES
    assert flash.years(single, 256) == pytest.approx(1495, abs=1)  # 3,000 / 64 / 256 a day
    assert flash.wear("once", 64)["bytes_per_record"] == pytest.approx(129, abs=0.5)


def test_a_full_journal_is_found_again(monkeypatch):
    result = flash.boot("rp2")
    assert result["records"] == result["none_answered"]["seen"] == 8192
    assert result["all_answered"]["seen"] == 0
    assert result["all_answered"]["flash_reads"] < result["none_answered"]["flash_reads"] / 40


def test_a_purchase_keeps_to_its_card_time(monkeypatch):
    monkeypatch.setattr(tap, "TAPS", 5)
    result = tap.measure()
    assert result["card_ms"] <= tap.BAR_MS and result["reached"]
    assert result["card_commands"] == {
        "select": 1, "authenticate": 1, "read": 4, "write": 1, "halt": 1,
    }  # fmt: skip
    assert result["reader_commands"] == {
        "InDataExchange": 6, "InRelease": 1, "InListPassiveTarget": 1,
    }  # fmt: skip
    assert result["uart_bytes"] == 320
    assert 0 < result["heap_live_peak_bytes"] < result["heap_bytes"]


def test_the_usual_scheme_is_counted_from_its_steps():
    assert tap.usual_commands() == {
        "select": 1, "authenticate": 4, "read": 5, "write": 3, "decrement": 1, "restore": 1,
        "transfer": 2,
    }  # fmt: skip


def test_the_command_writes_its_figures(tmp_path):
    out = tmp_path / "out.json"
    done = CliRunner().invoke(campus, ["bench", "blacklist", "--json", str(out)])
    assert done.exit_code == 0, done.output
    result = json.loads(out.read_text())["blacklist"]
    assert result["check"]["flash_reads"] == result["check"]["flash_bytes_read"] == 1
    assert not result["reached"]  # tiny deltas
    assert "blacklist: missed deltas.0.ratio" in done.output and "Cause: a delta" in done.output


def test_stages_of_a_tap_add_up():
    line = [["IDENTIFY", 1010, 0], ["DECIDE", 1250, 0], ["SHOW", 1300, 60]]
    tap = chip._stages(line, began_ns=1_000_000, beep_ns=1_400_000)
    assert tap["whole_ms"] == 0.4
    times = [stage["ms"] for stage in tap["stages"].values()]
    assert list(tap["stages"]) == ["detect", "identify", "decide", "show"]
    assert sum(times) == pytest.approx(0.4)
    assert tap["stages"]["show"] == {"ms": 0.1, "asked_ms": 0.06}


def test_the_list_for_the_chip_is_written_by_the_firmwares_rules():
    cards = CardList(chip._listed(), LAYOUTS["rp2"].blacklist, bytearray(SECTOR))
    cards.mount()
    assert all(map(cards.has, chip.LISTED)) and not cards.has(chip.LISTED[1] + 1)


def _bench(monkeypatch, name, measure):
    monkeypatch.setitem(sys.modules, f"bench.{name}", types.SimpleNamespace(measure=measure))


def test_a_missed_bar_is_no_failure(monkeypatch):
    _bench(monkeypatch, "ingest", lambda: {"ratio": 0.5, "bar": 1.0, "cause": "so it is"})
    done = CliRunner().invoke(campus, ["bench", "ingest"])
    assert done.exit_code == 0
    assert "ingest: missed ratio. Cause: so it is." in done.output


def test_a_bench_that_fails_is_told_and_the_others_run(monkeypatch, tmp_path):
    def breaks():
        raise RuntimeError("no server")

    _bench(monkeypatch, "wire", breaks)
    _bench(monkeypatch, "ingest", lambda: {"ratio": 1.5, "bar": 1.0})
    out = tmp_path / "out.json"
    done = CliRunner().invoke(campus, ["bench", "wire", "ingest", "--json", str(out)])
    assert done.exit_code == 1
    assert "wire failed: no server" in done.output and "reached" in done.output
    assert json.loads(out.read_text()) == {"ingest": {"ratio": 1.5, "bar": 1.0}}


def test_an_unknown_bench_is_refused():
    assert CliRunner().invoke(campus, ["bench", "weather"]).exit_code == 2


def test_bars_name_benches():
    assert set(command.BARS) <= set(command.NAMES)


def test_pages_and_the_months_report_are_measured_beside_bare_sql():
    told = pages.measure(records=1500, day_count=3, looks=2)
    assert list(told) == [name for name, *_ in pages.PAGES] and len(told) == 10
    for figures in told.values():
        assert 0 < figures["p50_ms"] <= figures["p99_ms"] and figures["ratio"] > 0
    result = report.measure(records=2000, day_count=40, looks=2, queries=1)  # or it raises
    assert result["report_ms"] > 0 and result["sql_ms"] > 0


def test_multiplications_are_counted_in_programs():
    result = code.measure()
    assert (result["bytes"], result["qr_version"]) == (191, 10)
    counts = result["field_multiplications"]
    # 256 doublings of 8 and some 80 additions of 11, and the holder's key: its root and its table
    assert 2700 < counts["cached"] < 3500
    assert 256 * 8 < counts["first"] - counts["cached"] < 3100
