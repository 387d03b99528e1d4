"""A phone with the code page, without a browser or a server: a key, an authorisation, a counter.

Its time is the campus's (the page sets its clock by the server). Signatures are deterministic (RFC
6979), so that a seed repeats to the byte. Who makes a screenshot of it has `last`.
"""

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from card_layout import base45, code
from terminal_sim.prng import Prng

_SIGNS = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_ISSUER = 1


class Pocket:
    """`show(utc_s)` makes a code; `last` is (text, counter, utc_s) of the newest one."""

    def __init__(self, number, limits, issuer, expiry_utc_s):
        """limits: (taps, fen a tap, fen a day); issuer: `Issuer`."""
        self.number = number
        self.limits = limits
        self._key = _key(number)
        said = code.Authorisation(
            _ISSUER, number, 1, 1, 0, expiry_utc_s, *limits, _point(self._key)
        )
        self._authorised = code.authorise(said, issuer.sign)
        self._counter = 0
        self.last = None

    def show(self, utc_s):
        """A new code; -> its text as the scanner reads it, bytes."""
        self._counter += 1
        data = code.show(
            self._authorised, utc_s, self._counter, lambda body: _sign(self._key, body)
        )
        self.last = base45.encode(data).encode(), self._counter, utc_s
        return self.last[0]

    def dump(self):
        """-> bytes of what it keeps."""
        return repr((self.number, self._counter)).encode()


class Issuer:
    """Signs authorisations; `parameter` is what terminals get of it."""

    def __init__(self, seed):
        self._key = _key(seed + (1 << 24))
        self.parameter = bytes((_ISSUER,)) + _point(self._key)

    def sign(self, body):
        """-> r and s, 64 bytes."""
        return _sign(self._key, body)


def _key(seed):
    """A key for simulations, and for nothing else."""
    return ec.derive_private_key(int.from_bytes(Prng(seed).bytes(31), "big") + 1, ec.SECP256R1())


def _point(key):
    form = serialization.PublicFormat.CompressedPoint
    return key.public_key().public_bytes(serialization.Encoding.X962, form)


def _sign(key, body):
    r, s = decode_dss_signature(key.sign(body, _SIGNS))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
