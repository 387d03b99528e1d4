"""The terminal's parameters in flash, and whether it has ever met its server.

Not what a parameter means, nor its bytes on the wire (protocol.params). Page: met u8 | version u32
| parameters as they came. A terminal that has no page has factory settings and has met nobody.
"""

import struct

from firmware.core.latest import FlashFailed, Latest
from protocol import messages
from protocol import params as wire
from protocol.errors import RemoteError

_HEAD = ">BI"


class Params:
    """`params["name"]` is the value that holds now."""

    def __init__(self, flash, region):
        self.version = 0
        self.met = False  # once True, always True
        self._blob = b""
        self._values = wire.defaults()
        self._latest = Latest(flash, region, struct.calcsize(_HEAD) + wire.MAX_SIZE)

    def __getitem__(self, name):
        return self._values[name]

    def mount(self):
        """Find the page again."""
        self._latest.mount()
        page = self._latest.value
        if page is None:
            return
        met, self.version = struct.unpack_from(_HEAD, page)
        self.met = met == 1
        self._take(page[struct.calcsize(_HEAD) :])

    def apply(self, version, blob):
        """-> APPLIED, SAME or REFUSED (they are no parameters, or flash does not keep them)."""
        if version == self.version and blob == self._blob:
            return messages.SAME
        blob = bytes(blob)
        try:
            wire.unpack(blob)
        except RemoteError:
            return messages.REFUSED
        if not self._store(self.met, version, blob):
            return messages.REFUSED
        self.version = version
        self._take(blob)
        return messages.APPLIED

    def meet(self):
        """The server was met, and what it wanted this terminal to have is here."""
        if not self.met:
            self.met = self._store(True, self.version, self._blob)

    def _take(self, blob):
        """Make `blob` the values that hold; what it leaves out has its default again."""
        values = wire.unpack(blob)
        self._values = wire.defaults()
        self._values.update(values)
        self._blob = blob

    def _store(self, met, version, blob):
        """-> True if flash keeps it; else what it had holds on."""
        try:
            self._latest.put(struct.pack(_HEAD, int(met), version) + blob)
        except FlashFailed:
            return False
        return True
