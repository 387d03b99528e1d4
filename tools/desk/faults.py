"""What went wrong at the desk, and a card or reader that is not there at the moment."""

from __future__ import annotations

from tools import fault
from tools.desk.sentences import SENTENCES


class Fault(fault.Fault):
    """Of a card, a reader, or the server."""

    table = SENTENCES


class Gone(Exception):
    """The card, or its reader, is not there any more."""
