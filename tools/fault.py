"""What went wrong, as a name and what belongs into its sentence: for all tools.

A tool has one table of its sentences, in two languages; its class of faults names it.
"""

from __future__ import annotations

from typing import ClassVar

ZH, EN = "zh", "en"
LANGUAGES = (ZH, EN)


class Fault(Exception):
    """name: of the table. what: of the sentence's braces."""

    table: ClassVar[dict[str, tuple[str, str]]]

    def __init__(self, name: str, /, **what: object):
        self.name = name
        self.what = what
        super().__init__(self.says(EN))

    def says(self, language: str) -> str:
        """The sentence."""
        return self.table[self.name][LANGUAGES.index(language)].format(**self.what)
