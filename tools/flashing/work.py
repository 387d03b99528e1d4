"""The folder of one piece of work: what is known of each board, questions for the server, results.

Files are replaced whole, never half: the new one is on the disk before the old one goes. No key is
ever in the state file; the enrolment file is sealed (protocol/claim.py). All are 0600.
Errors of the disk are Faults.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from tools.flashing.faults import Fault, of_disk

STATE, ENROLMENT = "state.json", "enrolment.json"
_FORMAT = 1


def replace(path: Path, content: bytes) -> None:
    """A file anew. Fault disk_full or cannot_write."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a device or a pipe
            path.write_bytes(content)
            return
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise of_disk(error, path) from None


def read(path: Path) -> dict[str, Any]:
    """A JSON file of ours; {} if it is not there. Fault."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Fault("cannot_write", file=path, why=f"unreadable: {error}") from None
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise Fault("cannot_write", file=path, why="it is of another program or version")
    return found


class Work:
    """Safe for several threads. boards: id -> what is known (state, number, place, kind, ...)."""

    def __init__(self, folder: Path, places: list[str], is_dry: bool = False):
        self.folder = folder
        self._is_dry = is_dry
        self._places = places
        self._lock = threading.Lock()
        self.boards: dict[str, dict[str, Any]] = read(folder / STATE).get("boards", {})
        self._questions: dict[str, Any] = read(folder / ENROLMENT)

    def of(self, board: str) -> dict[str, Any]:
        """What is known of a board."""
        return self.boards.get(board, {})

    def note(self, board: str, **known: Any) -> None:
        """Know something more; it is on the disk when this returns."""
        with self._lock:
            self.boards[board] = self.boards.get(board, {}) | known
            self._keep(STATE, {"format": _FORMAT, "boards": self.boards})

    def place_of(self, board: str) -> str:
        """The next place of the list for a board that has none; "" when there is no list."""
        with self._lock:
            mine = self.of(board).get("place", "")
            taken = {known.get("place") for known in self.boards.values()}
            free = [place for place in self._places if place not in taken]
            if not mine and free:
                mine = free[0]
                self.boards[board] = self.of(board) | {"place": mine}
                self._keep(STATE, {"format": _FORMAT, "boards": self.boards})
            return mine

    def take(self, board: str, numbers: list[int]) -> int | None:
        """Of a kit's numbers the board's own, or the first that is free; None: none is."""
        with self._lock:
            mine = self.of(board).get("number")
            if mine in numbers:
                return mine
            taken = {known.get("number") for known in self.boards.values()}
            free = [number for number in numbers if number not in taken]
            if not free:
                return None
            self.boards[board] = self.of(board) | {"number": free[0]}
            self._keep(STATE, {"format": _FORMAT, "boards": self.boards})
            return free[0]

    def ask_later(self, board: str, claim: str, sealed: str) -> None:
        """A sealed question for `campus enrol`; a board's newer one takes the older one's place."""
        with self._lock:
            asked = self._questions.get("questions", {})
            asked[board] = {"claim": claim, "sealed": sealed}
            self._questions = {"format": _FORMAT, "questions": asked}
            self._keep(ENROLMENT, self._questions)

    def _keep(self, name: str, content: dict[str, Any]) -> None:
        if not self._is_dry:
            text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
            replace(self.folder / name, text.encode())
