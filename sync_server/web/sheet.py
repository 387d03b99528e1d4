"""A document of some pages, before it is drawn: words in order, ready in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Part(NamedTuple):
    """One case: what it is about, the verdict, why; rows (when, what, more) in order of time."""

    head: str
    mark: str
    verdict: str
    why: str
    rows: Sequence[tuple[str, str, str]]


class Sheet(NamedTuple):
    """lines: below the title; figures: (word, value); foot: at the end of each page."""

    title: str
    lines: Sequence[str]
    figures: Sequence[tuple[str, str]]
    parts: Sequence[Part]
    foot: str
