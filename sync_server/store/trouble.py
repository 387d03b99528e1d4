"""What can go wrong with a database, whichever it is: the drivers' errors under one name each."""

from __future__ import annotations


class Trouble(Exception):
    """The database did not do it; one clear line, never with a password in it."""


class Unavailable(Trouble):
    """Not now: locked, full, gone. The same may work later."""


class Refused(Trouble):
    """Against a rule of the schema. The same never works."""


class BadUrl(ValueError):
    """The database cannot be what the URL says; one clear line."""


class InUse(Unavailable):
    """Another server has this database open."""
