"""Why something that was ordered was not done."""

from __future__ import annotations


class Impossible(Exception):
    """What was asked cannot be done; `status` is the HTTP answer it amounts to."""

    def __init__(self, line: str, status: int = 400):
        super().__init__(line)
        self.status = status


class NotReady(Exception):
    """The server could not do it now (the writer is busy or ending); ask again."""
