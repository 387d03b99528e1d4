"""A payment channel as the server sees it: four calls, and one implementation of them.

It speaks as the large channels do: JSON over HTTP, each side signs with its RSA key what it says
(docs/payments.md). The caller waits for it, so no call is made on the loop or in the writer. What
it is not: what a payment means here; that is core.topups.
"""

from __future__ import annotations

import base64
import http.client
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from sync_server.core import topups
from sync_server.core.topups import Told

APART_S = 300  # how far the clocks may be apart, and how old a message may be
WAIT_S = 5
ANSWER_MOST = 64 * 1024  # bytes
OPEN, CLOSED = "open", "closed"  # of an order that is not paid

Headers = Mapping[str, str]
# (method, path, headers, body) -> (status, headers, body). OSError: nobody was reached
Send = Callable[[str, str, Headers, bytes], tuple[int, Headers, bytes]]


class Unreached(Exception):
    """The channel did not answer, or not with a word of its own: nothing is known. Ask again."""


class NotAuthentic(Exception):
    """The channel did not say this, or not now."""


class Channel(Protocol):
    """What any channel must do. Unreached where it asks."""

    name: str
    shown: str

    def start(self, order: Mapping[str, Any], notify: str, back: str) -> str:
        """A row of `topup` that was ordered -> the address of the payer's page."""
        ...

    def verify(self, path: str, headers: Headers, body: bytes) -> Told:
        """A callback that came to `path`. NotAuthentic."""
        ...

    def query(self, number: str) -> Told | str:
        """Of an order: it was paid, or OPEN or CLOSED."""
        ...

    def refund(self, payment: Mapping[str, Any]) -> bool:
        """Give a payment back; True: it is done, False: it is refused. Idempotent by its id."""
        ...


class Settings(NamedTuple):
    """What the two sides agreed on."""

    name: str
    shown: str
    url: str
    merchant: str
    key: RSAPrivateKey
    channel_key: RSAPublicKey

    @classmethod
    def read(cls, path: Path) -> Settings | None:
        """From a JSON file, None if there is none. ValueError for one that is not whole."""
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            key = load_pem_private_key(said["key"].encode(), None)
            channel_key = load_pem_public_key(said["channel_key"].encode())
            name, shown, url, merchant = (
                str(said[field]) for field in ("name", "shown", "url", "merchant")
            )
        except FileNotFoundError:
            return None
        except (KeyError, AttributeError, TypeError, ValueError):
            raise ValueError(f"{path} is no file of a payment channel") from None
        if not isinstance(key, RSAPrivateKey) or not isinstance(channel_key, RSAPublicKey):
            raise ValueError(f"{path}: both keys must be RSA")
        return cls(name, shown, url, merchant, key, channel_key)


class SignedChannel:
    """send: over HTTP, if not given. utc_s: the clock."""

    def __init__(
        self,
        settings: Settings,
        send: Send | None = None,
        utc_s: Callable[[], float] = time.time,
    ):
        self.name, self.shown = settings.name, settings.shown
        self._settings = settings
        self._send = send or _Http(settings.url)
        self._utc_s = utc_s

    def start(self, order: Mapping[str, Any], notify: str, back: str) -> str:
        """The same order again is the same page."""
        wish = {name: order[name] for name in ("number", "amount_fen", "expires_utc_s")}
        wish |= {"merchant": self._settings.merchant, "subject": "校园卡充值"}
        status, said = self._ask("POST", "/orders", wish | {"notify": notify, "back": back})
        address = said.get("pay_url")
        if status != 200 or not isinstance(address, str) or not address.startswith("http"):
            raise Unreached(f"the channel answered {status}")
        return address

    def verify(self, path: str, headers: Headers, body: bytes) -> Told:
        """Callbacks come by POST."""
        self._check("POST", path, headers, body)
        told = topups.read(_json(body))
        if told is None:
            raise NotAuthentic("the callback is not of the agreed shape")
        return told

    def query(self, number: str) -> Told | str:
        """An order that the channel never heard of was never paid: CLOSED."""
        status, said = self._ask("GET", f"/orders/{number}", None)
        state = said.get("state")
        if status == 404 or state in (OPEN, CLOSED):
            return OPEN if state == OPEN else CLOSED
        told = topups.read(said)
        if status != 200 or state != "paid" or told is None:
            raise Unreached(f"the channel answered {status}")
        return told

    def refund(self, payment: Mapping[str, Any]) -> bool:
        """The number of the return is the payment's own."""
        wish = {
            "merchant": self._settings.merchant,
            "transaction": payment["paid_as"],
            "refund": f"R{payment['id']:08d}",
            "amount_fen": payment["amount_fen"],
        }
        status, said = self._ask("POST", "/refunds", wish)
        if status != 200 or said.get("state") not in ("done", "refused"):
            raise Unreached(f"the channel answered {status}")
        return said["state"] == "done"

    def _ask(self, method: str, path: str, wish: Any) -> tuple[int, dict[str, Any]]:
        body = b"" if wish is None else json.dumps(wish, ensure_ascii=False).encode()
        nonce, now_s = secrets.token_hex(16), str(int(self._utc_s()))
        signature = self._settings.key.sign(
            signed(method, path, now_s, nonce, body), padding.PKCS1v15(), hashes.SHA256()
        )
        headers = {
            "Content-Type": "application/json",
            "Pay-Merchant": self._settings.merchant,
            "Pay-Time": now_s,
            "Pay-Nonce": nonce,
            "Pay-Signature": base64.b64encode(signature).decode(),
        }
        try:
            status, answered, said = self._send(method, path, headers, body)
            if answered.get("Pay-Nonce") != nonce:
                raise NotAuthentic("this answers another request")
            self._check(str(status), path, answered, said)
        except (OSError, http.client.HTTPException, NotAuthentic) as error:
            raise Unreached(str(error)) from None
        found = _json(said)
        return status, found if isinstance(found, dict) else {}

    def _check(self, method: str, path: str, headers: Headers, body: bytes) -> None:
        at, nonce = headers.get("Pay-Time", ""), headers.get("Pay-Nonce", "")
        if not (at.isascii() and at.isdigit() and len(at) < 12):
            raise NotAuthentic("the message has no time")
        if abs(int(at) - self._utc_s()) > APART_S:
            raise NotAuthentic("the message is too old, or the clocks are apart")
        try:
            signature = base64.b64decode(headers.get("Pay-Signature", ""), validate=True)
            said = signed(method, path, at, nonce, body)
            self._settings.channel_key.verify(signature, said, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            raise NotAuthentic("the signature is wrong") from None


def signed(method: str, path: str, at: str, nonce: str, body: bytes) -> bytes:
    """What is signed of a message; of an answer, `method` is its status."""
    return f"{method}\n{path}\n{at}\n{nonce}\n".encode() + body + b"\n"


class _Http:
    """Requests to one base address."""

    def __init__(self, url: str):
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"the address of a channel is http or https, not {url!r}")
        self._url = url.rstrip("/")

    def __call__(
        self, method: str, path: str, headers: Headers, body: bytes
    ) -> tuple[int, Headers, bytes]:
        asking = urllib.request.Request(
            self._url + path, body or None, dict(headers), method=method
        )
        try:
            with urllib.request.urlopen(asking, timeout=WAIT_S) as answer:
                return answer.status, _named(answer.headers), answer.read(ANSWER_MOST)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _named(error.headers), error.read(ANSWER_MOST)


def _named(headers: Message) -> Headers:
    """By the names that are asked for; proxies may write them small (RFC 9110, 5.1)."""
    return {name.title(): value for name, value in headers.items()}


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
