"""Every state table is whole: targets are states, all are reached, all lead on, words are known."""

import pytest

from docs import diagrams
from firmware.core import door, pin, slots
from firmware.core import states as tap
from protocol import polling, turns
from protocol import states as session
from sync_server.core import disputes, merchants, topups

# name -> (table, all states, all events, the first state, states where a walk may end)
TABLES = {
    "tap": (tap.TABLE, tap.STATES, tap.OUTCOMES, tap.IDENTIFY, {tap.END}),
    "session, terminal": (
        session.TABLE[session.TERMINAL], session.STATES, session.EVENTS, session.CLOSED, None),
    "session, server": (
        session.TABLE[session.SERVER], session.STATES, session.EVENTS, session.CLOSED, None),
    "polling": (polling.TABLE, polling.STATES, polling.EVENTS, polling.SOUGHT, None),
    "door": (door.TABLE, door.STATES, door.EVENTS, door.LOCKED, None),
    "pin": (pin.TABLE, pin.STATES, pin.EVENTS, pin.TYPING, {pin.OVER}),
    "slots": (slots.TABLE, slots.STATES, slots.EVENTS, slots.ERASED, None),
    "topup": (
        topups.TABLE, topups.STATES, topups.EVENTS, topups.ORDERED,
        {topups.EXPIRED, topups.BOOKED, topups.REFUNDED}),
    "dispute": (
        disputes.TABLE, disputes.STATES, disputes.EVENTS, disputes.OPENED,
        {disputes.CLOSED, disputes.WITHDRAWN}),
    "turns": (turns.TABLE, turns.STATES, turns.EVENTS, turns.HEARING, None),
    "merchants": (
        merchants.TABLE, merchants.STATES, merchants.EVENTS, merchants.APPLIED, None),
}  # fmt: skip

# The server answers a hello at once, so it never waits for a challenge: protocol/states.py, theory.
NOT_AT_THE_SERVER = {session.GREETING, session.RENEWING}


def faults(table, states, events, first, ends, absent=()):
    """Yield what is wrong with a table: state -> event -> state."""
    for state in table:
        if state not in states:
            yield f"{state} has a row and is no state"
        for event, after in table[state].items():
            if event not in events:
                yield f"{state}: {event} is no event"
            if after not in states:
                yield f"{state}, {event}: leads to {after}, which is no state"
    reached = _reached(table, first)
    for state in states:
        if state in absent:
            if state in reached:
                yield f"{state} is reached and should not exist here"
        elif state not in reached:
            yield f"{state} is never reached"
        elif ends is not None and not ends & _reached(table, state):
            yield f"{state} never comes to an end"
        elif ends is None and not table.get(state):
            yield f"{state} has no way out"


def _reached(table, first):
    found, fresh = {first}, [first]
    while fresh:
        for after in table.get(fresh.pop(), {}).values():
            if after not in found:
                found.add(after)
                fresh.append(after)
    return found


@pytest.mark.parametrize("name", TABLES)
def test_table_is_whole(name):
    absent = NOT_AT_THE_SERVER if name == "session, server" else ()
    assert list(faults(*TABLES[name], absent)) == []


def test_every_event_of_a_machine_stands_in_some_row():
    for events, tables in (
        (tap.OUTCOMES, [tap.TABLE]),
        (polling.EVENTS, [polling.TABLE]),
        (turns.EVENTS, [turns.TABLE]),
        (slots.EVENTS, [slots.TABLE]),
        (door.EVENTS, [door.TABLE]),
        (pin.EVENTS, [pin.TABLE]),
        (merchants.EVENTS, [merchants.TABLE]),
        (topups.EVENTS, [topups.TABLE]),
        (disputes.EVENTS, [disputes.TABLE]),
        (session.EVENTS, list(session.TABLE.values())),
    ):
        used = {event for table in tables for row in table.values() for event in row}
        assert set(events) == used


def test_every_stage_of_the_table_has_its_code():
    from firmware.core.tap import STAGES

    assert set(STAGES) == set(tap.TABLE)


def test_every_table_is_drawn_in_the_docs():
    drawn = "".join(page() for page in diagrams.GENERATED.values())
    for table, *_ in TABLES.values():
        for state, row in table.items():
            for after in row.values():
                assert f"{state} --> {after}: " in drawn


GOOD = {"A": {"go": "B"}, "B": {"end": "C"}}


@pytest.mark.parametrize(
    ("table", "ends"),
    [
        (GOOD | {"A": {"go": "D"}}, {"C"}),
        (GOOD | {"A": {"jump": "B"}}, {"C"}),
        (GOOD | {"X": {}}, {"C"}),
        ({"A": {"go": "B", "end": "C"}, "B": {"go": "A"}, "C": {}}, None),
        ({"A": {"go": "B", "end": "C"}, "B": {"go": "B"}}, {"C"}),
        ({"A": {"go": "B"}, "B": {}}, {"C"}),
    ],
)
def test_the_check_can_fail(table, ends):
    assert not list(faults(GOOD, "ABC", ("go", "end"), "A", {"C"}))
    assert list(faults(table, "ABC", ("go", "end"), "A", ends))
