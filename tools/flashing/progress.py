"""A line for each port: a bar where somebody looks at a terminal, plain lines in a file."""

from __future__ import annotations

import threading

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn

from tools.bars import Bars
from tools.fault import LANGUAGES

_WORDS = {
    "found": ("识别", "found"),
    "base": ("基础固件", "base firmware"),
    "image": ("映像", "image"),
    "claimed": ("登记", "enrolment"),
    "keyed": ("写密钥", "keys"),
    "tested": ("自检", "self-test"),
    "done": ("完成", "done"),
    "failed": ("失败", "failed"),
}


def word(state: str, language: str) -> str:
    """A state in plain words."""
    return _WORDS[state][LANGUAGES.index(language)]


class Lines(Bars):
    """`with Lines(...) as lines`; any thread may tell."""

    def __init__(self, console: Console, language: str):
        super().__init__(
            console, TextColumn("{task.fields[port]}"), TextColumn("{task.description}"),
            BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TextColumn("{task.fields[says]}"),
        )  # fmt: skip
        self._language = language
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._last: dict[str, str] = {}

    def tell(self, port: str, state: str, part: float = 0.0, says: str = "") -> None:
        """Where a board is. part: 0.0 to 1.0 of this state."""
        name = word(state, self._language)
        with self._lock:
            if self._bars:
                if port not in self._tasks:
                    self._tasks[port] = self._bars.add_task(name, total=1.0, port=port, says="")
                task = self._tasks[port]
                self._bars.update(task, description=name, completed=part, says=says)
            elif self._last.get(port) != name + says:
                self._last[port] = name + says
                self.say(f"{port}: {name}{' ' if says else ''}{says}")
