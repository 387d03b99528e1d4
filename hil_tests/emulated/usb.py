"""A mend of the emulated USB host: where it has nothing to send, it says so by saying nothing.

The emulator answers a board that waits for input with an empty packet every 10 us of its time: the
board is interrupted 100,000 times a second and never sleeps. A host leaves the request unanswered
until there is something, and so does this.
"""

from __future__ import annotations


class Host:
    """The host side of `cdc` of a device that has not started yet. heard: what the board said."""

    def __init__(self, cdc):
        self.heard = bytearray()
        self._cdc = cdc
        self._answer = cdc.usb.on_endpoint_read
        self._asked = None  # (endpoint, size) that the board waits with
        cdc.usb.on_endpoint_read = self._on_read
        cdc.on_serial_data = self.heard.extend
        self._push = cdc.send_serial_byte
        cdc.send_serial_byte = self._on_byte

    def send(self, data: bytes) -> None:
        """Type on the console."""
        for byte in data:
            self._push(byte)
        self._serve()

    @property
    def has_room(self) -> bool:
        """True when the board has taken all that was typed."""
        return not self._cdc.tx_fifo.item_count

    def _on_byte(self, byte: int) -> None:
        self._push(byte)
        self._serve()

    def _on_read(self, endpoint: int, size: int) -> None:
        if endpoint != self._cdc._out_endpoint or self._cdc.tx_fifo.item_count:
            self._answer(endpoint, size)
        else:
            self._asked = (endpoint, size)

    def _serve(self) -> None:
        if self._asked is not None and self._cdc.tx_fifo.item_count:
            asked, self._asked = self._asked, None
            self._answer(*asked)
