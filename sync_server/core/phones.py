"""What a phone is allowed, and what it must say to be allowed it again.

A phone has a card number of its own and a key pair that it made itself; the server keeps the
public half. An authorisation is the issuer's signed word (card_layout.code) for some days; a phone
renews it by signing its number and the time. Pure: keys and clocks are the caller's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from card_layout import code, p256
from card_layout.identity import DAY_0_UTC_S

VALID_S = 7 * 24 * 3600
INVITATION_S = 24 * 3600
CLOCK_S = 600  # how far a phone's clock may be off when it renews
OFFLINE_TAPS, TAP_FEN, DAY_FEN = 3, 5_000, 10_000
_RENEWS = b"campus renewal"
_LOOKS = b"campus cards"
_LOSES = b"campus loss"
_SETS_PIN = b"campus pin"
_UNLOCKS = b"campus unlock"
_DAY_S = 86400

Sign = Callable[[bytes], bytes]


def authorise(
    card: dict[str, Any], public_key: bytes, issuer: int, sign: Sign, utc_s: int
) -> bytes:
    """119 bytes for the phone of a row of the table of cards, for VALID_S at most."""
    last_s = DAY_0_UTC_S + (card["valid_until"] + 1) * _DAY_S - 1
    said = code.Authorisation(
        issuer, card["number"], card["holder_kind"], card["zones"], card["list_stamp"],
        min(utc_s + VALID_S, last_s), OFFLINE_TAPS, TAP_FEN, DAY_FEN, public_key,
    )  # fmt: skip
    return code.authorise(said, sign)


def squeezed(public_key: bytes) -> bytes | None:
    """-> 33 bytes of a public key in either form, None if it is none on the curve."""
    point = p256.decode(public_key)
    return bytes((2 + (point[1] & 1),)) + point[0].to_bytes(32, "big") if point else None


def renewal(number: int, utc_s: int) -> bytes:
    """What a phone signs to be authorised again."""
    return _RENEWS + number.to_bytes(3, "big") + utc_s.to_bytes(4, "big")


def look(number: int, utc_s: int) -> bytes:
    """What a phone signs to see the cards of its holder."""
    return _LOOKS + number.to_bytes(3, "big") + utc_s.to_bytes(4, "big")


def loss(number: int, utc_s: int, card: int, is_lost: bool) -> bytes:
    """What it signs to report one of them lost, or to withdraw the report."""
    said = number.to_bytes(3, "big") + utc_s.to_bytes(4, "big") + card.to_bytes(3, "big")
    return _LOSES + said + bytes((is_lost,))


def pin(number: int, utc_s: int, new: str) -> bytes:
    """What it signs to set its holder's PIN."""
    return _SETS_PIN + number.to_bytes(3, "big") + utc_s.to_bytes(4, "big") + new.encode()


def unlock(number: int, utc_s: int) -> bytes:
    """What it signs to have three more tries."""
    return _UNLOCKS + number.to_bytes(3, "big") + utc_s.to_bytes(4, "big")


def wished(what: str, number: int, utc_s: int, wish: str) -> bytes:
    """What it signs with any other wish: `what` is asked, with these words (JSON, as sent)."""
    head = f"campus {what}\n".encode() + number.to_bytes(3, "big") + utc_s.to_bytes(4, "big")
    return head + wish.encode()


def says(public_key: bytes, said: bytes, signature: bytes, phone_utc_s: int, utc_s: int) -> bool:
    """Did this phone sign it, and does it speak of now?"""
    if abs(phone_utc_s - utc_s) > CLOCK_S:
        return False
    return p256.verify(public_key, said, signature)
