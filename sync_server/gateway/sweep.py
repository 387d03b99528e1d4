"""A thread that does again and again what must wait for others: it asks payment channels.

Not on the loop, where terminals would wait with it, and not in the writer. What goes wrong is
logged, and tried again at the next turn.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

log = logging.getLogger(__name__)

EVERY_S = 15


class Sweep:
    """works: what is done in one turn; one that fails does not stop the others."""

    def __init__(self, works: Sequence[Callable[[], Any]], every_s: float = EVERY_S):
        self._works = works
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        """The first turn is after a while."""
        self._thread.start()

    def stop(self) -> None:
        """No new turn; waits for the one that is under way."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            for work in self._works:
                try:
                    work()
                except Exception:
                    log.exception("a turn of the sweep failed, the next one tries again")
