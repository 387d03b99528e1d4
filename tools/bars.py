"""Bars on a terminal where somebody looks at one; in a file there are none, only plain lines."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, ProgressColumn


class Bars:
    """`with` them they are drawn. console: of rich, on standard error."""

    def __init__(self, console: Console, *columns: ProgressColumn):
        self._console = console
        self._bars = Progress(*columns, console=console) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._bars:
            self._bars.stop()

    def say(self, line: str) -> None:
        """A line that stays."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
