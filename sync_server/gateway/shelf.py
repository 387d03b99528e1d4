"""Encoded lists and messages that many terminals need: made once, in the writer thread, kept.

When a loss report arrives, a thousand terminals want the same delta; the first one to ask has it
made and all others wait for the same result. What it is not: a source of truth. A key names one
exact version, so nothing on the shelf ever becomes wrong, only unused. Limit: CACHED_LISTS entries,
the longest unused goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from sync_server.gateway.commit import Done, Writer
from sync_server.gateway.limits import CACHED_LISTS


class Shelf:
    """Only for the loop's thread."""

    def __init__(self, writer: Writer):
        self._writer = writer
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._waiting: dict[Hashable, list[Done]] = {}

    def has(self, key: Hashable) -> bool:
        """Would `get` answer at once?"""
        return key in self._kept

    def get(self, key: Hashable, done: Done, make: Callable[..., Any], *args: Any) -> None:
        """`done(make(*args), None)`, at once if it is there; errors are passed on, not kept."""
        if key in self._kept:
            self._kept.move_to_end(key)
            done(self._kept[key], None)
            return
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.append(done)
            return
        self._waiting[key] = [done]
        self._writer.post(lambda value, error: self._made(key, value, error), make, *args)

    def _made(self, key: Hashable, value: Any, error: Exception | None) -> None:
        if error is None:
            self._kept[key] = value
            if len(self._kept) > CACHED_LISTS:
                self._kept.popitem(last=False)
        for done in self._waiting.pop(key, ()):
            done(value, error)
