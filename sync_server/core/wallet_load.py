"""The server's part of a CPU card's load: is it this card, and the MAC that lets it take the money.

The card's load key is here and in the card, nowhere else. Pure.
"""

from __future__ import annotations

import hmac
from typing import Any

from card_layout import purse_cpu
from card_layout.des import Des


def answer(key: bytes, amount_fen: int, terminal: int, asked: Any) -> bytes:
    """MAC2 for a named tuple of SIGN, b"" if its MAC1 is not this card's. key: 16 bytes."""
    if asked.count > 0xFFFF:
        return b""
    session = purse_cpu.load_session(Des(key).encrypt, asked.random, asked.count)
    mac1 = purse_cpu.load_mac1(session, asked.balance_fen, amount_fen, terminal, asked.serial)
    if not hmac.compare_digest(mac1, asked.mac1):
        return b""
    moment = purse_cpu.moment_of(asked.utc_s)
    return purse_cpu.load_mac2(session, amount_fen, terminal, asked.serial, moment)
