"""Webhooks: what is signed, when it is tried again, where it may go. Pure (docs/partners.md).

Signed after Standard Webhooks (https://www.standardwebhooks.com). What it is not: it sends nothing
and knows no clock.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
from collections.abc import Collection, Mapping
from typing import Any

# event -> the scope that it needs
EVENTS = {
    "card.stopped": "identity:read",
    "card.freed": "identity:read",
    "holder.changed": "holders:read",
    "holder.ended": "holders:read",
    "pass": "passes:read",
}
PAUSES_S = (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600)  # after the first failure, the second, ...
DEAD_S = 3 * 86400  # after its event
KEPT_S = 7 * 86400  # of what was taken
SECRET_BYTES = 32
URL_MOST = 300
_PORTS_LEAST = 1024  # below it 443 alone: no mail, no shells
_WRAPPED = tuple(  # IPv6 that leads to an IPv4 address
    map(ipaddress.ip_network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def pause_s(tries: int) -> int:
    """Until the next try, after so many."""
    return PAUSES_S[min(tries, len(PAUSES_S)) - 1]


def name_of(delivery: int, made_utc_s: int) -> str:
    """webhook-id: the same at every try, and of no other, though a backup were restored."""
    return f"delivery-{delivery}-{made_utc_s}"


def body_of(event: str, subject: str, utc_s: int, data: Mapping[str, Any]) -> str:
    """The JSON that is kept and sent."""
    told = {"event": event, "subject": subject, "utc_s": utc_s, "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def headers(secret: bytes, name: str, utc_s: int, body: bytes) -> dict[str, str]:
    """What is sent with a body at this moment."""
    said = f"{name}.{utc_s}.".encode("ascii") + body
    mac = hmac.digest(secret, said, hashlib.sha256)
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(utc_s),
        "webhook-signature": "v1," + base64.b64encode(mac).decode("ascii"),
    }


def secret_text(secret: bytes) -> str:
    """As its system gets it."""
    return "whsec_" + base64.b64encode(secret).decode("ascii")


def url_fault(
    scheme: str, host: str, port: int, rest: tuple[str, str], ours: Collection[str]
) -> str:
    """Why an address is not taken, "" if it is. rest: what stands before @ and behind #.
    ours: HOST or HOST:PORT of the campus' own network."""
    if not host or any(rest):
        return "the address must be https://HOST/PATH without a user and without #"
    if is_ours(host, port, ours):
        return "" if scheme in ("http", "https") else "the address must be http or https"
    if scheme != "https":
        return "the address must be https"
    if port != 443 and port < _PORTS_LEAST:
        return "the port must be 443, or 1024 and above"
    address = address_of(host)
    return "this address is not public" if address and not may_connect(address, False) else ""


def is_ours(host: str, port: int, ours: Collection[str]) -> bool:
    """Was this host named when the server was started?"""
    plain = host.lower().strip("[]")
    return plain in ours or f"{plain}:{port}" in ours


def address_of(text: str) -> Address | None:
    """Of an address as text, None for a name."""
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def may_connect(address: Address, is_named: bool) -> bool:
    """May a webhook go to this address, which a name has led to, or which was typed and is none of
    ours? is_named: the name is one of ours."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return may_connect(address.ipv4_mapped, is_named)
        if any(address in network for network in _WRAPPED) and not address.is_loopback:
            return False
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    if address.is_loopback:
        return False  # of a name: whoever wants it writes the address itself, and names it
    return is_named or (address.is_global and not address.is_reserved)
