"""Bugs of the session between terminal and server. One protection each, off."""

from protocol.channel import Channel
from protocol.session import Session
from tests.chaos.planting import breaks, rewrite

_TAG = 8


@breaks("I7")
def a_hello_ends_the_live_session(patch):
    old = "after = self._step(states.HELLO)"
    dead = "self._live, self._state = None, states.CLOSED\n    "
    rewrite(patch, Session, "_receive_hello", (old, dead + old))


@breaks("I7 I3")
def a_tag_is_not_looked_at(patch):
    """Whatever comes is opened as if it were sealed with our key."""

    def opened(self, kind, counter, payload):
        nonce, aad, _ = _labels(self._address, kind, counter)
        return self._unseals.seal(nonce, aad, payload[4:-_TAG])[:-_TAG]

    from protocol.channel import _labels

    patch.setattr(Channel, "_unseal", opened)


@breaks("I7")
def a_body_that_is_not_sealed_is_taken(patch):
    unseal = Channel._unseal

    def plain(self, kind, counter, payload):
        try:
            return unseal(self, kind, counter, payload)
        except Exception:
            return payload[4:-_TAG]

    patch.setattr(Channel, "_unseal", plain)


@breaks("I7")
def a_request_that_comes_again_is_carried_out_again(patch):
    """No kept reply: another one is made, under the same number."""
    old = "return (PENDING, None) if self._kept is None else (AGAIN, self._kept)"
    new = "self._kept = None; return NEW, self._unseal(self._asked_kind, counter, payload)"
    rewrite(patch, Channel, "take_request", (old, new))
