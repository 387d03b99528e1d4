"""The log of acts: whatever is changed, taken out, put in or cut off by hand is found."""

import json
import sqlite3

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sync_server import cli
from sync_server.core import audit
from sync_server.core.audit import Act
from sync_server.keyring import Keyring
from sync_server.store.store import Store

KEY = b"k" * 32
TEXT = st.text(max_size=12)
ACTS = st.lists(
    st.builds(Act, TEXT, TEXT, TEXT, TEXT, st.dictionaries(TEXT, st.integers() | TEXT, max_size=3)),
    min_size=1,
    max_size=6,
)


def chained(acts):
    rows, before = [], audit.NO_LINK
    for number, act in enumerate(acts, 1):
        row = audit.row(number, number * 10, act)
        before = audit.link(KEY, before, row)
        rows.append((row, before))
    return rows, (len(rows), audit.seal(KEY, len(rows), before))


# shows R21
@given(ACTS, st.data())
def test_any_one_change_is_found(acts, data):
    rows, head = chained(acts)
    count, link, fault = audit.check(KEY, rows, head)
    assert (count, fault) == (len(acts), None)
    at = data.draw(st.integers(0, len(rows) - 1))
    row, link = rows[at]
    field = data.draw(st.sampled_from(audit.Row._fields[1:]))
    other = row.utc_s + 1 if field == "utc_s" else getattr(row, field) + "x"
    edited = [*rows[:at], (row._replace(**{field: other}), link), *rows[at + 1 :]]
    assert audit.check(KEY, edited, head)[2].number == at + 1
    for less in ([*rows[:at], *rows[at + 1 :]], rows[:at]):
        assert audit.check(KEY, less, head)[2].number == at + 1
    doubled = [*rows, (row._replace(number=len(rows) + 1), link)]
    assert audit.check(KEY, doubled, head)[2] is not None


@given(ACTS)
def test_another_past_needs_the_key_and_paper_shows_even_that(acts):
    rows, head = chained(acts)
    assert audit.check(b"x" * 32, rows, head)[2].number == 1
    printed = (1, rows[0][1])
    assert audit.check(KEY, rows, head, printed)[2] is None
    forged, other = chained([acts[0]._replace(who=acts[0].who + "!"), *acts[1:]])
    assert audit.check(KEY, forged, other, printed)[2].number == 1
    assert audit.check(KEY, rows, head, (len(rows) + 1, b""))[2] is not None


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'c.db'}")
    store.audit.key = Keyring.beside(tmp_path / "c.db").audit_key
    for n in range(5):
        store.audit.note(Act("wang", "clerk", "desk.report", f"card {n}", {"why": "丢失"}), 100 + n)
    yield store
    store.close()


def checked(tmp_path, *more):
    url = f"sqlite:///{tmp_path / 'c.db'}"
    return CliRunner().invoke(cli.campus, ["audit", "--db", url, *more])


def test_the_database_refuses_and_the_command_finds(store, tmp_path):
    whole = checked(tmp_path)
    assert whole.exit_code == 0 and "the log is whole: 5:" in whole.output
    printed = whole.output.strip().rsplit(" ", 1)[1]
    raw = sqlite3.connect(tmp_path / "c.db", isolation_level=None)
    for statement in ("UPDATE audit SET who = 'li'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="the log is never"):
            raw.execute(statement)
    raw.execute("DROP TRIGGER audit_is_never_changed")
    raw.execute("UPDATE audit SET who = 'li' WHERE number = 3")
    found = checked(tmp_path, "--json", str(tmp_path / "told.json"))
    assert (
        found.exit_code == 1 and found.output == "Error: row 3 of the log is not what was written\n"
    )
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["fault"]["number"] == 3
    raw.execute("UPDATE audit SET who = 'wang' WHERE number = 3")
    assert checked(tmp_path, "--expect", printed).exit_code == 0
    raw.execute("DROP TRIGGER audit_is_never_deleted")
    raw.execute("DELETE FROM audit WHERE number > 4")
    assert "row 5 of the log is missing" in checked(tmp_path).output
    raw.close()


def test_the_page_looks_at_the_newest_rows_and_the_end(store):
    raw = store.db.conn
    assert store.audit.check(newest=2)[0] == 5 and store.audit.check(newest=99)[2] is None
    raw.execute("DROP TRIGGER audit_is_never_changed")
    raw.execute("UPDATE audit SET who = 'li' WHERE number = 2")
    assert store.audit.check(newest=3)[2] is None and store.audit.check()[2].number == 2
    assert store.audit.check(newest=4)[2].number == 2
    raw.execute("DROP TRIGGER audit_is_never_deleted")
    raw.execute("DELETE FROM audit WHERE number = 5")
    assert store.audit.check(newest=2)[2].number == 5


def test_an_act_and_its_row_are_one(store):
    def fails():
        store.terminals.enrol("pos", "x", None, 1)
        raise LookupError("no")

    act = Act("wang", "clerk", "x", "", {})
    with pytest.raises(LookupError):
        store.audit.audited(act, 1, fails)
    assert store.terminals.all() == [] and len(store.audit.acts(99, 99)) == 5
    assert store.audit.audited(act, 1, store.terminals.enrol, "pos", "x", None, 1) == 1
    assert len(store.audit.acts(99, 99)) == 6 and store.audit.check()[2] is None


@pytest.mark.parametrize("expect", ["x", "3", "3:zz", ":"])
def test_what_is_expected_must_be_what_was_printed(tmp_path, store, expect):
    assert "as it was printed" in checked(tmp_path, "--expect", expect).output
