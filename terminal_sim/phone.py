"""A phone: a key pair that it made, what the issuer signed for it, a code when it is looked at.

The phone page in Python, for worlds without a browser (bytes as in docs/code.md); it enrols over
the same HTTP, and is renewed when it is told to.
"""

from __future__ import annotations

import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from card_layout import base45, code
from terminal_sim.server import Office

_RENEWS = b"campus renewal"


class Phone:
    """link: the invitation of POST /api/phones. ServerProblem if it was used before."""

    def __init__(self, office: Office, link: str):
        self._key = ec.generate_private_key(ec.SECP256R1())
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        ticket = link.partition("#")[2]
        body = {"ticket": ticket, "public_key": point.hex()}
        told = office.call("POST", "/api/phone/enrol", body)
        self.card: int = told["card"]
        self._authorised = bytes.fromhex(told["authorised"])
        self._ahead_s = told["utc_s"] - int(time.time())
        self._counter = 0

    def renew(self, office: Office) -> None:
        """Be allowed some more days. ServerProblem if it was reported lost."""
        now_s = int(time.time()) + self._ahead_s
        said = _RENEWS + self.card.to_bytes(3, "big") + now_s.to_bytes(4, "big")
        body = {"card": self.card, "utc_s": now_s, "signature": self._sign(said).hex()}
        told = office.call("POST", "/api/phone/renew", body)
        self._authorised = bytes.fromhex(told["authorised"])

    def show(self) -> str:
        """-> the text of a new code."""
        self._counter += 1
        now_s = int(time.time()) + self._ahead_s
        return base45.encode(code.show(self._authorised, now_s, self._counter, self._sign))

    def _sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
