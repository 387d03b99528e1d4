"""Readers of pcscd, through pyscard: the only place that knows its error codes.

Nobody else may use the card meanwhile (exclusive). A reader that is unplugged is looked for again
at the next `connect`, by the name it was asked for with.
"""

from __future__ import annotations

import contextlib
from typing import Any

from tools.desk.faults import Fault, Gone

_NO_SERVICE = (0x8010001D, 0x8010001E)  # not started; stopped
_NO_CARD = (0x8010000C, 0x80100069, 0x80100066, 0x80100067)  # none, removed, mute, no power
_BUSY = 0x8010000B


class Pcsc:
    """A `part3.Line`. named: part of a reader's name, "" for whichever has a card."""

    def __init__(self, named: str):
        try:
            from smartcard import scard
        except ImportError:
            raise Fault("no_pyscard") from None
        self._scard: Any = scard
        self._named = named
        self._context: Any = None
        self._card: Any = None
        self._protocol = 0
        self.names()

    def names(self) -> list[str]:
        """The readers that there are and that were asked for. Fault no_service, no_reader."""
        if self._context is None:
            code, self._context = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_USER)
            if code:
                self._context = None
                raise Fault("no_service")
        code, names = self._scard.SCardListReaders(self._context, [])
        if code & 0xFFFFFFFF in _NO_SERVICE:
            self._forget()
            raise Fault("no_service")
        wanted = [name for name in names or () if self._named.lower() in name.lower()]
        if not wanted:
            self._forget()  # a context does not see readers that were plugged in since
            raise Fault("no_reader", named=f" “{self._named}”" if self._named else "")
        return wanted

    def connect(self) -> bytes | None:
        """See Line. Fault which_reader, reader_busy."""
        self._disconnect()
        found = []
        for name in self.names():
            card = self._connect(name)
            if card is not None:
                found.append((name, *card))
        if len(found) > 1:
            for _, card, _ in found:
                self._scard.SCardDisconnect(card, self._scard.SCARD_LEAVE_CARD)
            raise Fault("which_reader", names=", ".join(name for name, *_ in found))
        if not found:
            return None
        _, self._card, self._protocol = found[0]
        code, *_, atr = self._scard.SCardStatus(self._card)
        return bytes(atr) if not code else None

    def _connect(self, name: str) -> tuple[Any, int] | None:
        scard = self._scard
        code, card, protocol = scard.SCardConnect(
            self._context, name, scard.SCARD_SHARE_EXCLUSIVE,
            scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
        )  # fmt: skip
        if code & 0xFFFFFFFF == _BUSY:
            raise Fault("reader_busy", name=name)
        if code:  # no card, or the reader itself went
            return None
        return card, protocol

    def send(self, command: bytes) -> bytes:
        """See Line."""
        if self._card is None:
            raise Gone
        code, answer = self._scard.SCardTransmit(self._card, self._protocol, list(command))
        if code:
            self._disconnect()
            raise Gone
        return bytes(answer)

    def close(self) -> None:
        """See Line."""
        self._disconnect()
        self._forget()

    def _disconnect(self) -> None:
        """The card is switched off, so that the next `connect` finds it as after power-on."""
        if self._card is not None:
            self._scard.SCardDisconnect(self._card, self._scard.SCARD_UNPOWER_CARD)
            self._card = None

    def _forget(self) -> None:
        if self._context is not None:
            with contextlib.suppress(Exception):
                self._scard.SCardReleaseContext(self._context)
            self._context = None
