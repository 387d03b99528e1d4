"""Boards that have started already, for those who need many.

All power-ons with the same base firmware, slots, configuration and kind of terminal are the same
until the terminal looks at its data area, after the key page's kind; shortly before, it sets its
panel's wire up. Boards are run up to there once, and the data area is put in when one is taken. It
changes nothing: a test compares such a board with one that was not warmed.
"""

from __future__ import annotations

from hil_tests.emulated import factory
from hil_tests.emulated.board import Board

_START_S = 5
_PANEL_PIN = 8
_boards: list[Board] = []


def up(flash: bytes) -> Board:
    """A board that is about to look at its data area."""
    board = Board(flash)
    levels: list[bool] = []

    def on_level(_at_ns: int, level: bool) -> None:
        levels.append(level)
        board.notice()

    board.watch(_PANEL_PIN, on_level)
    board.wait(_START_S, lambda: levels, "the firmware does not start")
    return board


def keep(flash: bytes, count: int) -> None:
    """Have `count` warm boards in stock."""
    while len(_boards) < count:
        _boards.append(up(flash))


def states() -> list[tuple]:
    """Of each kept board: nanoseconds, instruction, memory, console."""
    return [
        (board.now_ns, board.chip.core.pc, bytes(board.chip.sram), board.heard) for board in _boards
    ]


def take(flash: bytes) -> Board:
    """A board with this flash: a warm one if one fits, or a new one."""
    for board in _boards:
        held = board.content()
        if _around_data(held) == _around_data(flash):
            _boards.remove(board)
            at, end = factory.DATA_AT, factory.DATA_AT + factory.DATA_BYTES
            board.chip.flash[at:end] = flash[at:end]
            return board
    return Board(flash)


def _around_data(flash: bytes) -> tuple[bytes, bytes, int]:
    return flash[: factory.DATA_AT], flash[factory.FILES_AT :], flash[factory.KIND_AT]
