"""What can go wrong with bytes: our call was wrong, or the peer's bytes were.

Whoever catches one may go on: the object that raised it is in the state it was in before.
`str(error)` is one clear line.
"""


class ProtocolError(Exception):
    """Either of the two below; catch this to treat them alike."""


class LocalError(ProtocolError):
    """Our own call is wrong: a value out of range, or a step that is not allowed now."""


class RemoteError(ProtocolError):
    """The peer's bytes are wrong: broken, forged, late or of an unknown kind."""
