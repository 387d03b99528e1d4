"""Whose fault it is: two errors for everything that can go wrong with bytes.

Both leave the state of the object that raised them as it was. `str(error)` is one clear line.
Idea of two sides from h11 (LocalProtocolError, RemoteProtocolError).
"""


class ProtocolError(Exception):
    """Either side did what the protocol does not allow; never raised itself."""


class LocalError(ProtocolError):
    """Our own call is wrong: a value out of range, an act out of turn."""


class RemoteError(ProtocolError):
    """The peer's bytes are wrong: damaged, forged, replayed, out of turn or nonsense."""
