"""A gate: nothing is taken, and who may pass goes through.

It does not know who may (core.rights) nor what turns the barrier: it asks for the pin "barrier".
"""

from firmware.core import rights
from protocol import messages, record


class Gate:
    """See firmware.kinds for the calls."""

    NUMBER = messages.GATE
    PAYS = False
    METERS = False
    RECORD = record.PASS
    awaited = None  # a gate writes nothing, so nothing of it is ever torn
    armed_fen = None

    def key(self, char, now, params):
        """A gate has no keys."""
        return []

    def decide(self, tap):
        """Amount 0, if the card may pass here now."""
        terminal = tap.terminal
        granted = terminal.grants.has(tap.card)
        return 0, rights.reason(tap.identity, granted, terminal.params, tap.now.utc_s)

    def accepted(self, tap):
        """Open first, then say so."""
        open_ms = tap.terminal.params["open_ms"]
        return ("pin", "barrier", open_ms), ("show", "pass", (tap.identity.holder_kind,))

    def refused(self, tap):
        """Why not."""
        return (("show", "refused", (tap.reason,)),)

    def torn(self, tap):
        """Never: see `awaited`."""
        return ()

    def look(self, tap):
        """Never: a gate always decides."""
        return ()

    def settle(self, serial):
        """Nothing is awaited."""

    def owes(self, tap):
        """Nothing."""

    def idle(self, terminal):
        """The terminal's own idle screen."""
        return None
