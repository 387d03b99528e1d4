"""How far a batch is: a bar where somebody looks at a terminal, plain lines in a file."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tools.desk.work import CLOSE, LOOK, VERIFY, WRITE
from tools.fault import LANGUAGES

LAY = "lay"
_WORDS = {
    LAY: ("请放卡", "lay a card"),
    LOOK: ("识别", "look"),
    WRITE: ("写卡", "write"),
    CLOSE: ("写密钥", "keys"),
    VERIFY: ("核对", "read back"),
}


class Steps:
    """`with Steps(...) as steps`. total: how many cards. console: of rich, on standard error."""

    def __init__(self, console: Console, total: int, language: str):
        self._console = console
        self._language = language
        self._bars: Progress | None = None
        if console.is_terminal:
            self._bars = Progress(
                MofNCompleteColumn(), BarColumn(), TextColumn("{task.description}"),
                console=console,
            )  # fmt: skip
            self._task = self._bars.add_task("", total=total)

    def __enter__(self) -> Steps:
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

    def tell(self, name: str, step: str) -> None:
        """Whose card is where."""
        if self._bars:
            word = _WORDS[step][LANGUAGES.index(self._language)]
            self._bars.update(self._task, description=f"{name}: {word}")

    def done(self, line: str) -> None:
        """One more, and what became of it."""
        if self._bars:
            self._bars.advance(self._task)
        self.say(line)

    def say(self, line: str) -> None:
        """A line that stays."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
