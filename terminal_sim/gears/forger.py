"""Somebody who has a terminal's number and not its key speaks to the real gateway."""

from __future__ import annotations

import asyncio
import contextlib

from protocol import channel, frame, hkdf, messages
from protocol.errors import ProtocolError
from protocol.session import TERMINAL, Session
from terminal_sim.prng import Prng

_HIGH_EPOCH = 0xFFFFFF00
_HEARS_S = 0.5


async def forge(gateway: str, number: int, noise: int) -> None:
    """It says hello with an epoch above all, hears the challenge, and sends what it sealed with
    keys of its own."""
    random = Prng(noise).bytes
    host, port = gateway.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    forger = Session(TERMINAL, number, _wrong, random)
    writer.write(forger.hello(_HIGH_EPOCH))
    with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        await asyncio.wait_for(reader.readuntil(b"\0"), _HEARS_S)
    keys = hkdf.derive(random(16), b"", b"", channel.KEYS_SIZE)
    made = channel.Channel(TERMINAL, number, _HIGH_EPOCH, keys)
    with contextlib.suppress(OSError, TimeoutError, ProtocolError):
        writer.write(made.request(messages.encode(messages.BATCH, (), bytes(64))))
        writer.write(frame.pack(number, frame.TERMINAL_REQUEST, random(40)))
        await writer.drain()
        await asyncio.wait_for(reader.read(), _HEARS_S / 10)
    writer.close()


def _wrong(salt: bytes, info: bytes, length: int) -> bytes:
    return hkdf.derive(b"not its own", salt, info, length)
