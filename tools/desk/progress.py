"""How far a batch is: a bar where somebody looks at a terminal, plain lines in a file."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from tools.bars import Bars
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


class Steps(Bars):
    """`with Steps(...) as steps`. total: how many cards."""

    def __init__(self, console: Console, total: int, language: str):
        description = TextColumn("{task.description}")
        super().__init__(console, MofNCompleteColumn(), BarColumn(), description)
        self._language = language
        if self._bars:
            self._task = self._bars.add_task("", total=total)

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
