"""What a terminal may be doing when its power fails: one scenario each, and where it begins.

`prepare` brings a station to where it begins, `act` does it and may be begun again after any cut.
KINDS: flash that takes a second program, and flash that does not. FILLS: where in the ring the next
slot is (offset in its sector), the first time round or with a wrap behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

from firmware.core import layout
from protocol import messages, params, reasons
from terminal_sim.flash import Flash
from terminal_sim.gears.station import GOOD, LISTED, Station, key_page

SECTORS = 3  # of the journal: it wraps soon
KINDS = {"twice": True, "once": False}
#        name: (rounds of the ring that are over, offset of the next slot in its sector)
FILLS = {"new": (0, 6), "last": (1, 63), "last2": (1, 62), "edge": (1, 0), "wrapped": (1, 20)}
_TORN_NOISE = bytes(range(100, 116))
_BATCH = 7  # records that wait, where some are to


class Scenario(NamedTuple):
    """See above."""

    name: str
    act: Callable[[Station], object]
    prepare: Callable[[Station], object] = lambda station: None
    fills: tuple[str, ...] = tuple(FILLS)
    kind: int = messages.POS


def start(scenario: Scenario, kind: str, fill: str) -> Station:
    """-> the station where the scenario begins; the power comes on next."""
    filled = _filled(scenario.kind, kind, fill)
    station = filled.fork(filled.node.flash.copy())
    if fill != "blank":
        station.boot()
        scenario.prepare(station)
    station.tries = 0
    station.done = station.done & {"whole list"}
    return station.fork(station.node.flash.copy())


@lru_cache
def _filled(terminal: int, kind: str, fill: str) -> Station:
    """What many scenarios begin with; only to be forked."""
    station = Station(terminal, layout.make(1, SECTORS), KINDS[kind])
    station.params = {1: station.office._params, 2: _parameters(2), 3: _parameters(3)}
    if fill != "blank":
        station.boot()
        station.open()
        station.office.relist(LISTED, True)
        station.serve()
        _fill(station, *FILLS[fill])
    return station


def _fill(station: Station, rounds: int, offset: int) -> None:
    """Sales and refusals until the next slot is there; what waits then is at most a sector."""
    ring = station.node.terminal.journal._ring
    goal = (rounds * SECTORS + 1) * 64
    written = 0
    while written < goal:  # ends as each tap writes a slot
        before = ring.next
        _other_sale(station)
        station.serve()
        written += (ring.next - before) % (SECTORS * 64)
    while ring.next % 64 != offset:  # ends within a sector: a refusal is one slot
        station.node.sell(LISTED, station.cards[LISTED], 100, 0)
    station.next_sale(GOOD)


def _other_sale(station: Station) -> None:
    station.next_sale(GOOD)
    station.node.sell(GOOD, station.cards[GOOD], 100, 0)
    station.node.sell(LISTED, station.cards[LISTED], 100, 0)
    station.next_sale(GOOD)


def _sale(station: Station) -> None:
    station.sell(GOOD, 300)


def _refusal(station: Station) -> None:
    station.sell(LISTED, 300)


def _torn(command: int, shape: str, station: Station) -> None:
    """The card leaves at this command, and is put back."""
    if station.tries == 1:
        station.cards[GOOD].tear_after(command, shape, _TORN_NOISE)
    station.sell(GOOD, 300, retaps=2)


def _leave_grey(station: Station) -> None:
    """A debit that nobody saw the end of: it is on the card, the power fails, the card is gone."""
    station.cards[GOOD].tear_after(5, "all")
    station.sell(GOOD, 300, retaps=0)


def _leave_void(station: Station) -> None:
    station.cards[GOOD].tear_after(5, "none")
    station.sell(GOOD, 300, retaps=0)


def _records_wait(station: Station) -> None:
    for _ in range(_BATCH):
        _other_sale(station)


def _sync(station: Station) -> None:
    station.open()
    station.serve()


def _until_full(station: Station) -> None:
    while not station.node.terminal.journal.full:  # ends with the ring
        _other_sale(station)


def _full(station: Station) -> None:
    """A sale that is refused, and taken when there is room again."""
    station.sell(GOOD, 300)
    _sync(station)
    station.sell(GOOD, 300)


def _another_list(station: Station) -> None:
    for number in range(3, 30):
        station.office.relist(number, True)


def _whole_list(station: Station) -> None:
    _another_list(station)
    station.done.add("whole list")


def _parameters(version: int) -> bytes:
    return params.pack({"tap_limit_fen": 5000 + version, "offline_taps_per_card": 255,
                        "offline_fen_per_card": 1_000_000})  # fmt: skip


def _change_parameters(station: Station) -> None:
    station.open()
    for version in (2, 3):
        station.push_params(version, _parameters(version))
    station.serve()  # the server wants its own again


def _use_up_epochs(station: Station) -> None:
    for _ in range(61):
        station.boot()
        station.open()


def _epochs(station: Station) -> None:
    for _ in range(3):
        station.boot()
        station.open()


def _restore_server(station: Station) -> None:
    """The server's database is yesterday's."""
    state = station.office.backup()
    for _ in range(_BATCH):
        _other_sale(station)
        station.serve()
    station.office.restore(state)
    station.oracle.restored({(row.terminal, row.serial) for row in station.office.rows})


def _burn_flash(station: Station) -> None:
    """All was sent; then the board gets new flash, and new keys with it: epochs begin anew."""
    station.serve()
    station.epoch = station.list_version = 0
    station.allowed = frozenset({reasons.CHAIN_BROKEN})  # what came before is not there to chain to
    flash = station.node.flash
    fresh = type(flash)(flash.size, flash.unit, flash.reprogram)
    fresh.program(station.laid.keys.first * Flash(0).sector, key_page(messages.POS))
    station.node.flash = fresh
    station.oracle.terminals[station.node.number]._flash = fresh.read


def _first_day(station: Station) -> None:
    _sync(station)
    station.sell(GOOD, 300)


ALL = (
    Scenario("sale", _sale),
    Scenario("refusal", _refusal),
    *(
        Scenario(f"torn{command}{shape}", partial(_torn, command, shape), fills=("new", "last"))
        for command in range(8)
        for shape in ("none", "all", "random")
    ),
    Scenario("gate", _sale, kind=messages.GATE),
    Scenario("grey", _sale, _leave_grey),
    Scenario("void", _sale, _leave_void),
    Scenario("upload", _sync, _records_wait),
    Scenario("full", _full, _until_full, fills=("new", "last", "edge")),
    Scenario("delta", _sync, _another_list, fills=("new",)),
    Scenario("list", _sync, _whole_list, fills=("new",)),
    Scenario("parameters", _change_parameters, fills=("new",)),
    Scenario("epochs", _epochs, _use_up_epochs, fills=("new",)),
    Scenario("first", _first_day, fills=("blank",)),
    Scenario("restored", _sync, _restore_server),
    Scenario("burnt", _first_day, _burn_flash, fills=("new", "wrapped")),
)
BY_NAME = {scenario.name: scenario for scenario in ALL}
