"""SIGKILL between any two statements of a day's payments: what was done is there, and doing all of
it again ends where a day without a kill ends."""

import os
import subprocess
import sys

import pytest

from sync_server.core import validity
from sync_server.store.faults import VARIABLE
from sync_server.store.store import Store

_DAY = """
import sys
from sync_server.core.topups import Told
from sync_server.store.store import Store
from protocol.errors import LocalError
store, utc_s = Store(sys.argv[1]), int(sys.argv[2])
def again(work, *args):
    try:
        return work(*args, utc_s)
    except LocalError:  # it was done before the kill
        return None
for n in range(3):
    row = store.topups.order("c", 1 + n % 2, 2000, f"w{n}", "phone", utc_s)
    store.topups.arrived("c", Told(row["number"], f"t{n}", 2000, utc_s), utc_s)
store.topups.arrived("c", Told("nobody's", "s", 700, utc_s), utc_s)
kept = [row["id"] for row in store.topups.listed(True, 99, 9)]
for number in kept:
    asked = again(store.topups.ask_return, number, "zhou")
    if asked:
        again(store.decisions.decide, asked, True, "wang")
    store.topups.returned(number, True, utc_s)
store.cash.take("r1", 1, 500, "li", utc_s)
store.cash.take("r2", 2, 600, "li", utc_s)
asked = again(store.cash.ask_reversal, 2, "li")
if asked:
    again(store.decisions.decide, asked, True, "wang")
print("done")
"""
UTC_S = 1_800_000_000
CARD = {
    "holder_kind": 2, "name": "n", "valid_until": 20000, "zones": 1, "balance_fen": 0,
}  # fmt: skip


def opened(path):
    store = Store(f"sqlite:///{path}")
    store.cards.issue([CARD | {"uid": f"5a{n:06x}"} for n in range(2)], 1)
    return store


def lived(path, fault=""):
    """-> did the day come to its end"""
    command = [sys.executable, "-c", _DAY, f"sqlite:///{path}", str(UTC_S)]
    done = subprocess.run(
        command, env=os.environ | ({VARIABLE: fault} if fault else {}), capture_output=True
    )
    return done.stdout == b"done\n"


def picture(path):
    store = Store(f"sqlite:///{path}")
    assert store.accounts.sum_fen() == 0
    accounts = [(row["type"], row["key"], row["balance_fen"]) for row in store.accounts.all()]
    states = [(row["number"], row["state"]) for row in store.topups.listed(False, 99, 99)]
    told = (
        sorted(accounts),
        states,
        store.topups.totals(),
        store.cash.drawers(validity.today(UTC_S)),
    )
    store.close()
    return told


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """How a day without a kill ends."""
    path = tmp_path_factory.mktemp("calm") / "c.db"
    opened(path).close()
    assert lived(path)
    return picture(path)


@pytest.mark.parametrize("statement", [25, 75, 130, 190])  # of 211
def test_killed_and_done_again(tmp_path, calm, statement):
    path = tmp_path / "killed.db"
    opened(path).close()
    assert not lived(path, f"kill@statement:{statement}")
    picture(path)
    assert lived(path)
    assert picture(path) == calm
