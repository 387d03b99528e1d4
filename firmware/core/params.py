"""What the server ordered, in flash: the parameters, whether it was ever met, the last emergency.

Not what a parameter means, nor its bytes on the wire (protocol.params). Page: flags u8 (1 met, 2 an
order) | version u32 | with flag 2: an order as core.emergency keeps it, 23 bytes | parameters as
they came. A terminal that has no page has factory settings and has met nobody.
"""

import struct

from firmware.core.latest import FlashFailed, Latest
from protocol import emergency, messages
from protocol import params as wire
from protocol.errors import RemoteError

_HEAD = ">BI"
_MET = 1
_ORDERED = 2
_ORDER = 1 + emergency.BODY


class Params:
    """`params["name"]` is the value that holds now."""

    def __init__(self, flash, region):
        self.version = 0
        self.met = False  # once True, always True
        self.order = b""  # the emergency that was ordered last
        self._blob = b""
        self._values = wire.defaults()
        self._latest = Latest(flash, region, struct.calcsize(_HEAD) + _ORDER + wire.MAX_SIZE)

    def __getitem__(self, name):
        return self._values[name]

    def mount(self):
        """Find the page again."""
        self._latest.mount()
        page = self._latest.value
        if page is None:
            return
        flags, self.version = struct.unpack_from(_HEAD, page)
        self.met = flags & _MET != 0
        at = struct.calcsize(_HEAD)
        if flags & _ORDERED:
            self.order = bytes(page[at : at + _ORDER])
            at += _ORDER
        self._take(page[at:])

    def apply(self, version, blob):
        """-> APPLIED, SAME or REFUSED (they are no parameters, or flash does not keep them)."""
        if version == self.version and blob == self._blob:
            return messages.SAME
        blob = bytes(blob)
        try:
            wire.unpack(blob)
        except RemoteError:
            return messages.REFUSED
        if not self._store(self.met, version, blob, self.order):
            return messages.REFUSED
        self.version = version
        self._take(blob)
        return messages.APPLIED

    def meet(self):
        """The server was met, and what it wanted this terminal to have is here."""
        if not self.met:
            self.met = self._store(True, self.version, self._blob, self.order)

    def keep_order(self, order):
        """-> True if flash keeps it (23 bytes)."""
        if not self._store(self.met, self.version, self._blob, order):
            return False
        self.order = order
        return True

    def _take(self, blob):
        """Make `blob` the values that hold; what it leaves out has its default again."""
        values = wire.unpack(blob)
        self._values = wire.defaults()
        self._values.update(values)
        self._blob = blob

    def _store(self, met, version, blob, order):
        """-> True if flash keeps it; else what it had holds on."""
        try:
            flags = (_MET if met else 0) | (_ORDERED if order else 0)
            self._latest.put(struct.pack(_HEAD, flags, version) + order + blob)
        except FlashFailed:
            return False
        return True
