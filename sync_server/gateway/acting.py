"""On whose behalf this thread is asking: what `orders` writes into the log with each commit.

Set by the web before a view and taken away after it. Nothing is set where the server acts by
itself.
"""

from __future__ import annotations

from contextvars import ContextVar

from sync_server.core.audit import Act


class Errand:
    """One request of somebody, and how many commits of it are in the log."""

    def __init__(self, act: Act):
        self.act = act
        self.kept = 0


errand: ContextVar[Errand | None] = ContextVar("errand", default=None)
