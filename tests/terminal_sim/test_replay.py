"""Small files of our own through real firmware and a real server: each row, each fen (R27, R28)."""

import json

import pytest
from click.testing import CliRunner

from sync_server.cli import campus
from terminal_sim import audit, plan, records
from terminal_sim.fleet import ACCEPTED, REFUSED, SILENT

GATE = """Index,AccessCardNo,Date,Address,Access,Describe
1,1001,2019/4/7 7:58,East[in],1,ok
2,1002,2019/4/7 7:59,East[in],0,no right
3,0001003,2019/4/7 0:00,West[out],1,ok
4,1002,2019/4/7 7:59,East[in],0,no right
5,1001,2019/4/6 23:59,West[out],1,late
6,1001,2019/4/31 7:58,East[in],1,bad date
7,1001,2019/4/7 8:00,East[in],0,contradiction
8,1001,2019/4/7 8:01,East[in],1,ok
9,1003,2019/4/8 9:00,West[out],0,right withdrawn over night
10,1002,2019/4/8 9:01,East[in],1,right given over night
"""

PAY = """term,student,place,date,time,amount_yuan
1,7,Canteen,0301,113005,12.50
1,8,Canteen,0301,113006,0.01
1,7,Shop,0301,113007,30
1,7,Canteen,0229,113005,12.50
1,7,Canteen,0301,113005,12.50
1,8,Shop,0301,113008,twelve
2,8,Shop,0301,113009,100.00
"""


WATER = """term,student,place,date,time,amount_yuan
1,7,宿舍,0301,113005,0.14
1,8,教室,0301,113006,0.01
1,7,宿舍,0301,113007,0.30
1,8,Canteen,0301,113009,2
"""


def replay(tmp_path, text, *options):
    """-> (result of the command, its figures)."""
    file, out = tmp_path / "rows.csv", tmp_path / "out.json"
    file.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(campus, ["replay", str(file), "--json", str(out), *options])
    return done, json.loads(out.read_text()) if out.exists() else None


# shows R2
def test_gates_decide_as_the_file_says(tmp_path):
    done, figures = replay(tmp_path, GATE)
    assert done.exit_code == 0, done.output
    assert (figures["taps"], figures["accepted"], figures["refused"]) == (9, 6, 3)
    assert (figures["lost"], figures["doubled"], figures["invariants_ok"]) == (0, 0, True)
    assert [line for line, _ in figures["contradictions"]] == [8]
    assert figures["rows_that_differ"] == [8] and figures["unexplained"] == []
    assert [line for line, _ in figures["faults"]] == [7]
    assert "line 7: bad date '2019/4/31 7:58'" in done.output
    assert figures["uploaded"] == 9 and figures["ledger_records"] == figures["accepted"]


def test_one_day_of_gates(tmp_path):
    done, figures = replay(tmp_path, GATE, "--day", "2019-04-08")
    assert done.exit_code == 0, done.output
    assert (figures["taps"], figures["accepted"], figures["refused"]) == (2, 1, 1)


# shows R3 R28
def test_payments_add_up_though_the_server_is_killed(tmp_path):
    done, figures = replay(tmp_path, PAY, "--kill-server-at", "2", "--terminals", "3")
    assert done.exit_code == 0, done.output
    assert (figures["taps"], figures["accepted"], figures["terminals"]) == (6, 6, 3)
    assert figures["amount_fen"] == 3 * 1250 + 1 + 3000 + 10_000
    assert figures["places"] == {"Canteen": 3751, "Shop": 13_000}
    assert (figures["lost"], figures["doubled"], figures["invariants_ok"]) == (0, 0, True)
    assert figures["faults"] == [[7, "amount 'twelve' is no number"]]


def test_what_is_no_record_file_is_one_clear_line(tmp_path):
    done, figures = replay(tmp_path, "a,b\n1,2\n")
    assert done.exit_code == 1 and figures is None
    assert len(done.output.strip().splitlines()) == 1 and "the header is 'a,b'" in done.output
    done, _ = replay(tmp_path, GATE, "--day", "2019-05-01")
    assert done.exit_code == 1 and "has no rows of 2019-05-01" in done.output


def test_majority_decides_and_the_first_row_if_there_is_none():
    def row(line, accepted):
        return records.Row(line, "7", "East", 1_554_600_000, 0, accepted)

    one = plan.make(records.File("gate", [row(2, False), row(3, True)], []))
    assert [c.line for c in one.contradictions] == [3]
    two = plan.make(records.File("gate", [row(2, False), row(3, True), row(4, True)], []))
    assert [c.line for c in two.contradictions] == [2]


# The audit sees what is planted: otherwise its zeros would mean nothing.

ROW = records.Row(2, "7", "Shop", 1000, 500, True)
TAPS = [audit.Said(2, 1, 9, ROW, ACCEPTED), audit.Said(3, 1, 9, ROW, ACCEPTED)]
RECORDS = [[1, 1, 0x0F, 0, 1000, 9, 500], [2, 1, 0x0F, 0, 1000, 9, 500]]
LEDGER = {
    "sum": 0,
    "accounts": [{"type": "purse", "key": "9", "balance_fen": 4000}],
    "places": [{"place": "Shop", "amount_fen": 1000, "count": 2}],
}


def figures_of(taps=TAPS, rows=RECORDS, ledger=LEDGER, balance_fen=4000):
    return audit.compare(taps, {1: rows}, ledger, {9: balance_fen})


def test_the_audit_agrees_with_what_agrees():
    figures = figures_of()
    assert (figures["lost"], figures["doubled"], figures["invariants_ok"]) == (0, 0, True)


@pytest.mark.parametrize(
    ("rows", "lost", "doubled"),
    [
        (RECORDS[:1], 1, 0),
        ([*RECORDS, [3, 1, 0x0F, 0, 1000, 9, 500]], 0, 1),
        ([RECORDS[0], [3, 1, 0x0F, 0, 1000, 9, 500]], 1, 0),  # a hole in the numbers
        ([RECORDS[0], [2, 1, 0x0F, 0, 1000, 9, 501]], 1, 1),  # another amount
        ([RECORDS[0], [2, 1, 0xFF, 0, 1000, 9, 500]], 1, 1),  # still grey
        ([RECORDS[0], [2, 1, 0x0F, 0, 1000, 8, 500]], 1, 1),  # another card
    ],
)
def test_the_audit_finds_lost_and_doubled(rows, lost, doubled):
    figures = figures_of(rows=rows)
    assert (figures["lost"], figures["doubled"]) == (lost, doubled)
    assert not figures["invariants_ok"]


# shows R14
def test_the_audit_finds_money_that_differs():
    assert figures_of(balance_fen=3999)["cards_that_differ"] == [9]
    assert not figures_of(balance_fen=3999)["invariants_ok"]
    assert not figures_of(ledger=LEDGER | {"sum": 1})["invariants_ok"]
    other = [{"place": "Shop", "amount_fen": 999, "count": 2}]
    assert not figures_of(ledger=LEDGER | {"places": other})["invariants_ok"]


@pytest.mark.parametrize("what", [REFUSED, SILENT])
def test_the_audit_finds_screens_that_said_otherwise(what):
    taps = [TAPS[0], audit.Said(3, 1, 9, ROW, what)]
    assert not figures_of(taps=taps)["invariants_ok"]


def test_dormitory_and_teaching_building_are_valves(tmp_path):
    done, figures = replay(tmp_path, WATER)
    assert done.exit_code == 0, done.output
    assert (figures["taps"], figures["accepted"], figures["refused"]) == (4, 4, 0)
    assert figures["places"] == {"宿舍": 44, "教室": 1, "Canteen": 200}
    assert (figures["uploaded"], figures["ledger_records"]) == (3 * 3 + 1, 4)
    assert (figures["lost"], figures["doubled"], figures["invariants_ok"]) == (0, 0, True)
