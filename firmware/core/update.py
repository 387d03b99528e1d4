"""An update on its way: from the server's offer to the restart. Loaded when one is offered.

It decides what to do next; slots.py does it. `next` is called only when the journal has nothing to
send, so an update never goes on while there is a record that only this image can send. One flash
operation or one piece a call: a tap waits for no more than that.
"""

from card_layout import p256
from firmware.core import slots
from protocol import manifest, messages
from protocol.errors import RemoteError

ERASING = "erasing"
FETCHING = "fetching"
CHECKING = "checking"
READY = "ready"
OVER = "over"  # nothing to do: done, or given up until it is offered again

QUIET_MS = 30_000  # without a tap, before the restart
GIVEN_UP_MOST = 3  # in one boot, then its flash is spared
_PAGE = 256


class Update:
    """For one terminal that has `images` (slots.Pair)."""

    def __init__(self, terminal):
        self.state = OVER
        self._terminal = terminal
        self._signed = b""
        self._refused = b""  # offered again, it need not be looked at again
        self._given_up = 0  # how often in this boot what was written was wrong
        self._manifest = None
        self._sector = 0  # next to erase
        self._offset = 0  # next byte to fetch
        self._taps = 0
        self._quiet_ms = None  # since then there was no tap

    def offered(self, signed):
        """The server's offer. -> (offset, status) for IMAGE_STATE."""
        if signed == self._signed and self.state != OVER:
            return self._offset, messages.FETCHING
        self.state = OVER
        images = self._terminal.images
        if images.is_trial or images.mode != slots.NORMAL or self._given_up == GIVEN_UP_MOST:
            return 0, messages.REFUSED  # for now
        if signed == self._refused:
            return 0, messages.REFUSED
        try:
            offset, status = self._begin(bytes(signed))
        except (RemoteError, slots.NotPossible):
            offset, status = 0, messages.REFUSED
        if status == messages.REFUSED:
            self.state = OVER
            self._refused = bytes(signed)
        return offset, status

    def next(self, now):
        """Go one step. -> body of a request, or None."""
        if not self._terminal.fit or self.state == OVER:
            return None
        try:
            return self._step(now)
        except slots.NotPossible:
            self._give_up()
            return None

    def take(self, offset, data):
        """A piece came. RemoteError if it was not asked for."""
        if self.state != FETCHING or offset != self._offset:
            raise RemoteError(f"a piece of an image at {offset} was not asked for")
        if offset + len(data) > self._manifest.size:
            raise RemoteError("a piece beyond the image")
        there = self._terminal.images.there
        try:
            for start in range(0, len(data), _PAGE):
                there.put(offset + start, _padded(data[start : start + _PAGE]))
        except slots.NotPossible:
            self._give_up()
            return
        self._offset += len(data)
        if self._offset == self._manifest.size:
            self.state = CHECKING

    def _begin(self, signed):
        """Is it for us, newer, and signed? Where does it stand?"""
        images = self._terminal.images
        offered = manifest.parse(signed)
        here, there = images.here, images.there
        if here.manifest.version == offered.version and here.signed == signed:
            return offered.size, messages.SAME
        allowed = (
            offered.kind == self._terminal.kind.NUMBER,
            offered.version > here.manifest.version,
            0 < offered.size <= there.room,
            _is_signed(images.keys.get(offered.key), signed),
        )
        if not all(allowed):
            return 0, messages.REFUSED
        self._signed, self._manifest = signed, offered
        self._offset = self._sector = 0
        self._quiet_ms = None
        if there.signed != signed:
            self.state = ERASING
        elif there.state == slots.WRITING:
            self._offset = min(there.filled(), offered.size)
            self.state = FETCHING
        elif there.may_be_tried:
            self._offset = offered.size
            self.state = READY
        else:
            return 0, messages.REFUSED  # it had its tries
        return self._offset, messages.FETCHING

    def _step(self, now):
        there = self._terminal.images.there
        if self.state == ERASING:
            self._erase(there)
        elif self.state == FETCHING:
            values = (self._manifest.digest[:16], self._offset)
            return messages.encode(messages.PIECE, values)
        elif self._is_quiet(now):
            if self.state == CHECKING:
                self._check(there)
            self._terminal.cause("restart")
            self.state = OVER
        return None

    def _check(self, there):
        """The last step before the restart, for from mark W on every boot tries the image."""
        if not there.digest_is_right():
            raise slots.NotPossible("the digest is wrong")
        there.mark(slots.WHOLE)

    def _erase(self, there):
        """The header first: from then on the slot holds nothing."""
        if there.state != slots.ERASED:
            there.forget()
        elif self._sector < there.sectors_of(self._manifest.size):
            there.blank(self._sector)
            self._sector += 1
        elif there.is_spoilt:
            there.forget()
        else:
            there.begin(self._signed)
            self.state = FETCHING

    def _is_quiet(self, now):
        """True if nobody has tapped for a while."""
        taps = self._terminal.taps
        if self._quiet_ms is None or taps != self._taps:
            self._taps, self._quiet_ms = taps, now.ticks_ms
        return now.ticks_ms - self._quiet_ms >= QUIET_MS

    def _give_up(self):
        """What was written is worth nothing; if it is offered again, it begins anew."""
        self.state = OVER
        self._signed = b""
        self._given_up += 1
        try:
            self._terminal.images.there.forget()
        except slots.NotPossible:
            pass  # a flash that takes nothing holds nothing that counts


def _is_signed(key, signed):
    if key is None:
        return False
    return p256.verify(key, signed[: manifest.SIGNED], signed[manifest.SIGNED :])


def _padded(data):
    """Whole program units."""
    return bytes(data) + b"\xff" * (-len(data) % 64)
