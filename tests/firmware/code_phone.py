"""A phone for tests of the core: codes that were signed once, for a card number and a minute.

The secrets are the numbers 11 (issuer) and 22 (holder); signing needs a secret and a random number
each, which a test may choose badly: k is made from what is signed.
"""

import hashlib

from card_layout import base45, code, identity, p256, points

_N = p256.ORDER


def compressed(secret):
    """-> 33 bytes of the public key of a secret number."""
    x, y = _times(secret)
    return bytes((2 + (y & 1),)) + x.to_bytes(32, "big")


def signer(secret):
    """-> callable bytes -> 64 bytes r || s."""

    def sign(message):
        digest = hashlib.sha256(message).digest()
        k = int.from_bytes(hashlib.sha256(b"k" + digest).digest(), "big") % _N or 1
        r = _times(k)[0] % _N
        s = points.invert(k, _N) * (int.from_bytes(digest, "big") + r * secret) % _N
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


ISSUER, HOLDER = 11, 22
ISSUER_NUMBER = 3


class Phone:
    """Shows codes of card `number`; `terms` override what the issuer allows."""

    def __init__(self, number=9, expiry_utc_s=1_800_000_000, **terms):
        allowed = {"offline_taps": 2, "tap_fen": 3000, "day_fen": 5000, "issuer": ISSUER}
        allowed["holder_kind"] = identity.STUDENT
        allowed.update(terms)
        said = code.Authorisation(
            ISSUER_NUMBER, number, allowed["holder_kind"], 1, 0, expiry_utc_s,
            allowed["offline_taps"], allowed["tap_fen"], allowed["day_fen"], compressed(HOLDER),
        )  # fmt: skip
        self.authorised = code.authorise(said, signer(allowed["issuer"]))
        self.counter = 0

    def show(self, utc_s):
        """-> the text of a new code."""
        self.counter += 1
        return base45.encode(code.show(self.authorised, utc_s, self.counter, signer(HOLDER)))


def _times(scalar):
    """-> affine point of scalar times the generator."""
    table = p256.multiples(p256.GENERATOR, 4)
    points.weigh(scalar, table, 0, table)
    return points.affine()
