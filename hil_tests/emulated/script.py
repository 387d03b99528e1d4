"""Lines and scripts on the console of an emulated board that has no terminal at work."""

from __future__ import annotations

from hil_tests.emulated.board import Board, Silent

_RAW, _END = b"\x01", b"\x04"
_CHUNK = 64
_CHUNK_S = 0.01
_LOOK_S = 0.1
_LINE_LOOK_S = 0.02


def typed(board: Board, line: str, limit_s: float = 1.0) -> list[str]:
    """-> the lines that the console answers to one."""
    start = len(board.heard)
    board.console.send(line.encode() + b"\r\n")
    for _ in range(round(limit_s / _LINE_LOOK_S)):
        board.run(_LINE_LOOK_S)
        if board.heard[start:].endswith(">>> "):
            break
    return board.heard[start:].split("\r\n")[1:-1]


def start(board: Board, text: str) -> None:
    """Type a script and let it begin; it may never end."""
    board.console.send(_RAW)  # raw: nothing is echoed
    board.run(0.05)
    data = text.encode()
    for at in range(0, len(data), _CHUNK):
        board.console.send(data[at : at + _CHUNK])
        board.run(_CHUNK_S)
    board.console.send(_END)


def told(board: Board, text: str, limit_s: float = 30) -> str:
    """-> what a script prints until its end. Silent if it has none in time, or fails."""
    before = board.heard.count("\x04")
    start(board, text)
    for _ in range(round(limit_s / _LOOK_S)):
        board.run(_LOOK_S)
        if board.heard.count("\x04") >= before + 2:
            break
    else:
        raise Silent(f"a script does not end in {limit_s} s; console: ...{board.heard[-600:]}")
    said, fault = board.heard.rsplit("OK", 1)[1].split("\x04")[:2]
    if fault.strip():
        raise Silent(f"a script failed: {fault.strip()}")
    return said.strip()
