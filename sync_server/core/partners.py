"""Other systems that connect with a key of their own: what each was granted, and what follows from
it. Pure: rows in, verdicts out; keys are random bytes of the caller's (docs/partners.md).

What it is not: where grants lie (store.partners), how often somebody may ask (web.partners).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
from typing import Any, NamedTuple

from sync_server.core import validity

SCOPES = (
    ("identity:read", "who holds a card, of which kind, valid until when"),
    ("codes:check", "the same of a code on a phone, once a code"),
    ("passes:read", "who passed at the gates of the grant"),
    ("holders:read", "holders of the kinds of the grant, without money"),
)
SCOPE_NAMES = tuple(name for name, _ in SCOPES)
KINDS = (1, 2, 3)  # of holders
ROLL_S = 7 * 86400  # a key is good for so long after a newer one was made
DAYS_MOST = 366
A_MINUTE_MOST = 6000
NETWORKS_MOST = 20
SECRET_BYTES = 32
ASKED, GRANTED, REFUSED, STOPPED, OVER = "asked", "granted", "refused", "stopped", "over"
_DAY_S = 86400


class Grant(NamedTuple):
    """What a partner may; the row of the table as sets and numbers. until_utc_s: the first second
    in which it may no more."""

    number: int
    name: str
    state: str
    scopes: frozenset[str]
    kinds: frozenset[int]
    gates: frozenset[int]
    zones: frozenset[int]
    networks: tuple[str, ...]
    a_minute: int
    until_utc_s: int


def grant_of(row: dict[str, Any], now_s: int) -> Grant:
    """Of a row of the table of partners, as it is now."""
    return Grant(
        row["id"],
        row["name"],
        state_of(row, now_s),
        frozenset(row["scopes"].split()),
        frozenset(map(int, row["kinds"].split())),
        frozenset(map(int, row["gates"].split())),
        frozenset(map(int, row["zones"].split())),
        tuple(row["addresses"].split()),
        row["a_minute"],
        row["until_utc_s"] or 0,
    )


def state_of(row: dict[str, Any], now_s: int) -> str:
    """One of the five."""
    if row["decided_by"] is None:
        return ASKED
    if row["refused"]:
        return REFUSED
    if row["stopped_utc_s"] is not None:
        return STOPPED
    return GRANTED if now_s < row["until_utc_s"] else OVER


def fault_of(grant: Grant, key: dict[str, Any], address: str, scope: str, now_s: int) -> str:
    """Why a request with this key is refused; "" if it is not. scope "": any partner may."""
    if grant.state != GRANTED:
        return f"this system is {grant.state}: ask the information centre"
    if key["until_utc_s"] is not None and now_s >= key["until_utc_s"]:
        return "this key has ended: a newer one was made"
    if not may_come_from(grant.networks, address):
        return "this system may not ask from this address"
    if scope and scope not in grant.scopes:
        return f"this system was not granted {scope}"
    return ""


def key_text(number: int, secret: bytes) -> str:
    """A key as its system gets it."""
    return f"partner-{number}-{base64.urlsafe_b64encode(secret).decode().rstrip('=')}"


def read_key(text: str) -> tuple[int, bytes] | None:
    """(number, secret) of a key, None for any other text."""
    word, _, rest = text.partition("-")
    number, _, secret = rest.partition("-")
    if word != "partner" or not (number.isascii() and number.isdigit() and len(number) <= 9):
        return None
    try:
        raw = base64.b64decode(secret + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return (int(number), raw) if len(raw) == SECRET_BYTES else None


def hash_of(secret: bytes) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(secret).digest()


def is_key(secret: bytes, kept: bytes) -> bool:
    """Is this the secret of which that was kept?"""
    return hmac.compare_digest(hash_of(secret), kept)


def read_network(text: str) -> str | None:
    """An address or a network in its one spelling, None if it is none."""
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError:
        return None


def may_come_from(networks: tuple[str, ...], address: str) -> bool:
    """None named: from anywhere."""
    if not networks:
        return True
    try:
        asking = ipaddress.ip_address(address)
    except ValueError:
        return False
    asking = getattr(asking, "ipv4_mapped", None) or asking
    return any(asking in ipaddress.ip_network(network) for network in networks)


def day_of(utc_s: int) -> int:
    """Days since 1970, of the table of uses."""
    return utc_s // _DAY_S


def pass_row(row: dict[str, Any], grant: Grant) -> dict[str, Any]:
    """A pass as partners get one: whose it was, only if the grant names the kind."""
    named = row["holder_kind"] in grant.kinds
    return row | {"holder": row["holder"] if named else None}


def holder_row(row: dict[str, Any]) -> dict[str, Any]:
    """A holder as partners get one."""
    names = ("id", "number", "name", "holder_kind", "department")
    return {name: row[name] for name in names} | {
        "valid_until": validity.shown(row["valid_until"]),
        "ended": row["ended_utc_s"] is not None,
    }


def card_state(card: dict[str, Any], is_listed: bool, today: int) -> str:
    """valid, lost, expired, ended; card: a row with valid_until and ended_utc_s."""
    if card["ended_utc_s"] is not None:
        return "ended"
    if is_listed:
        return "lost"
    return "valid" if today <= card["valid_until"] else "expired"


def card_row(row: dict[str, Any], grant: Grant, now_s: int) -> dict[str, Any]:
    """A card as partners get one; row: of store.partners.card."""
    state = card_state(row, bool(row["listed"]), validity.today(now_s))
    named = row["holder"] is not None and row["holder_kind"] in grant.kinds
    return {
        "card": row["card"],
        "usable": state == "valid",
        "state": state,
        "holder_kind": row["holder_kind"],
        "valid_until": validity.shown(row["valid_until"]),
        "holder": {"number": row["holder"], "name": row["name"]} if named else None,
    }
