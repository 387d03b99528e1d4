"""Boards: bytes and pins (contract.md). Each has a file; which one it is, the interpreter knows."""

import sys


def open_board(path):
    """The Board that this interpreter runs on, from its configuration file."""
    if sys.platform == "rp2":
        from firmware.boards import rp2 as board
    else:
        from firmware.boards import unix as board
    return board.open_board(path)
