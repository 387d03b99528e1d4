"""Many boards at once: find, tell who is who, take each through its steps, report.

One thread a board. A board that goes away is waited for; when it is back it goes on where it was,
as long as each time something was done. Nothing that happens to one board touches another.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tools.flashing import board, drives, ports
from tools.flashing.board import DONE, Found, Order
from tools.flashing.faults import Away, Fault
from tools.flashing.progress import Lines
from tools.flashing.report import Row, failed
from tools.flashing.work import Work

THREADS = 16
_NO_PROGRESS_MAX = 3
_LOOPS_MAX = 4
_LOOK_AGAIN_S = 0.2
_NOT_OPENED = "failed to access"  # mpremote's words
_NOT_THERE = ("gone", "dropping", "loops", "mute")


class Bench(NamedTuple):
    """Where to look and how long to wait. patience_s: for a board that went away."""

    named_ports: tuple[str, ...]
    named_drives: tuple[str, ...]
    before: str
    wait_s: float
    patience_s: float
    language: str


def identify_all(bench: Bench, lines: Lines) -> tuple[list[Found], list[Row]]:
    """Everybody who is there. -> (boards, rows of ports that failed); two with one id both fail."""
    found: list[Found] = []
    rows: list[Row] = []

    def one(port: ports.Port) -> Found | Row:
        lines.tell(port.path, board.FOUND)
        try:
            return _identify(bench, port)
        except Exception as error:
            fault = error if isinstance(error, Fault) else _unforeseen(error)
            return failed(Row(port.path, state=board.FOUND), fault, bench.language)

    for each in _parallel(one, drives.somebody(bench.named_ports, bench.wait_s)):
        (found if isinstance(each, Found) else rows).append(each)  # type: ignore[arg-type]
    by_id = defaultdict(list)
    for board_ in found:
        by_id[board_.id].append(board_)
    for same in by_id.values():
        if len(same) > 1:
            fault = Fault("same_id", id=same[0].id, ports=", ".join(each.port for each in same))
            rows += [failed(row_of(each), fault, bench.language) for each in same]
    return [same[0] for same in by_id.values() if len(same) == 1], rows


def _identify(bench: Bench, port: ports.Port) -> Found:
    """A port that comes and goes is a board that resets in a loop; one that stays and cannot be
    opened is another program's. Fault."""
    first = ports.incarnation(port.path)
    for _ in range(_LOOPS_MAX):
        try:
            return board.identify(port, bench.before, bench.wait_s)
        except Away as away:
            is_busy = _NOT_OPENED in str(away)
        is_back = False  # and when it is, it may be away again a moment later
        with contextlib.suppress(Away):
            drives.wait_for(port.path, bench.named_ports, bench.wait_s)
            is_back = True
        time.sleep(_LOOK_AGAIN_S)
    if is_back and is_busy and first == ports.incarnation(port.path):
        raise Fault("busy")
    raise Fault("loops") if is_back else Fault("gone", percent=0, seconds=round(bench.wait_s))


def flash_drives(bench: Bench, order: Order, lines: Lines) -> list[Row]:
    """Every boot drive gets the base firmware. -> rows of those that failed."""
    there = ports.drives(bench.named_drives)
    if not there:
        return []
    before = len(ports.ports(bench.named_ports))
    if order.rp2_base is None:
        fault = Fault("base_needed")
        return [failed(Row(str(drive), "RP2040 BOOTSEL"), fault, bench.language) for drive in there]
    uf2 = order.rp2_base

    def one(drive) -> Row | None:
        lines.tell(str(drive), board.BASE)
        try:
            drives.copy(drive, uf2)
        except Fault as fault:
            return failed(Row(str(drive), "RP2040 BOOTSEL"), fault, bench.language)
        return None

    rows = [row for row in _parallel(one, there) if row is not None]
    drives.wait_for_more(before + len(there) - len(rows), bench.named_ports)
    return rows


def renew_base(bench: Bench, order: Order, found: list[Found], lines: Lines) -> list[Row]:
    """RP2040s with another MicroPython than ours become drives, one after the other, since a drive
    does not say who it is. -> rows of those that failed; `found` keeps the others."""
    rows = []
    for each in list(found):
        if each.chip != ports.RP2 or each.told is None or each.told["ours"]:
            continue
        lines.tell(each.port, board.BASE)
        found.remove(each)
        try:
            if order.rp2_base is None:
                raise Fault("base_needed")
            port = ports.Port(each.port, ports.RP2, "")
            drive = drives.to_drive(port, bench.named_drives, bench.wait_s)
            drives.copy(drive, order.rp2_base)
            drives.wait_for(each.port, bench.named_ports, bench.patience_s)
            found.append(_identify(bench, port))
        except Away:
            rows.append(failed(row_of(each), Fault("boot_drive"), bench.language))
        except Fault as fault:
            rows.append(failed(row_of(each), fault, bench.language))
    return rows


def work_all(bench: Bench, order: Order, found: list[Found], work: Work, lines: Lines) -> list[Row]:
    """Each board through its steps. -> a row each."""
    return _parallel(lambda each: work_one(bench, order, each, work, lines), found)


def work_one(bench: Bench, order: Order, found: Found, work: Work, lines: Lines) -> Row:
    """One board to its end. -> its row."""
    began_s = time.monotonic()
    row = row_of(found)
    try:
        results = _with_patience(bench, order, found, work, lines)
        row = row._replace(tests=tuple(results))
        wrong = [each.says(bench.language) for each in results if not each.passed]
        if wrong:
            raise Fault("test_failed", what="; ".join(wrong))
        work.note(found.id, state=DONE)
        restart(bench, found)
        lines.tell(found.port, DONE, 1.0)
    except Exception as error:  # nothing of one board may stop the others
        fault = error if isinstance(error, Fault) else _unforeseen(error)
        row = failed(row, fault, bench.language)
        lines.tell(found.port, "failed", 0.0, row.says)
        if found.told and fault.name not in _NOT_THERE:
            restart(bench, found)
    known = work.of(found.id)
    return row._replace(
        terminal=known.get("number"),
        kind=known.get("kind", ""),
        place=known.get("place", ""),
        state=known.get("state", board.FOUND),
        seconds=time.monotonic() - began_s,
    )


def restart(bench: Bench, found: Found) -> None:
    """Let the terminal go on that was interrupted, if the board is one and listens."""
    with contextlib.suppress(Away, Fault):
        board.finish(found.port, bench.wait_s)


def _unforeseen(error: Exception) -> Fault:
    return Fault("unforeseen", what=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")


def _with_patience(bench: Bench, order: Order, found: Found, work: Work, lines: Lines):
    reached = [0.0]  # how far it came, since it last went away
    in_vain = 0

    def progress(state: str, part: float) -> None:
        reached[0] = max(reached[0], board.STATES.index(state) + part)
        lines.tell(found.port, state, part)

    best = -1.0
    while True:  # until it is done, a Fault, or too often in vain
        try:
            if in_vain:
                found = _the_same(bench, found)
            return board.steps(found, order, work, progress)
        except Away:
            pass
        in_vain = 1 if reached[0] > best else in_vain + 1
        best = max(best, reached[0])
        if in_vain > _NO_PROGRESS_MAX:
            raise Fault("dropping", times=in_vain)
        try:
            drives.wait_for(found.port, bench.named_ports, bench.patience_s)
        except Away:
            percent = round(100 * best / board.STATES.index(DONE))
            raise Fault("gone", percent=max(percent, 0), seconds=round(bench.patience_s)) from None


def _the_same(bench: Bench, found: Found) -> Found:
    """Who is at the port now: a board that was in its loader may run by now."""
    now = _identify(bench, ports.Port(found.port, ports.ANY, ""))
    if now.id != found.id:
        raise Fault("same_id", ports=found.port, id=f"{found.id}, {now.id}")
    return now


def row_of(found: Found) -> Row:
    """What is known of a board before anything was done."""
    return Row(found.port, found.describe(), found.id, state=board.FOUND)


def _parallel(work: Callable, items: Sequence) -> list:
    if not items:
        return []
    with ThreadPoolExecutor(min(THREADS, len(items))) as pool:
        return list(pool.map(work, items))
