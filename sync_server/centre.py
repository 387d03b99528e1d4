"""Who orders emergencies: the key that only an opened envelope makes (docs/emergency.md).

Beside the database lie the public key and, until somebody prints it and puts it into the safe, the
code of the envelope. The private key is derived from the code each time and stands nowhere. What
it is not: a password of a person; who has the code may declare. Limit: the code has 100 bits.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from card_layout import p256
from protocol import emergency, hkdf

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none that looks like another
_LIKE = str.maketrans("OIL", "011", " -")
_LENGTH, _GROUP = 20, 4
_INFO = b"campus-card centre of emergencies"


class WrongCode(ValueError):
    """It is not the code of the envelope."""


class BadCentreFile(OSError):
    """The file of the public key is none."""


class Centre:
    """public_key: 33 bytes, what terminals get. envelope: where the code lies, if it still does."""

    def __init__(self, public_key: bytes, envelope: Path):
        self.public_key = public_key
        self._envelope = envelope

    @classmethod
    def beside(cls, database: Path) -> Centre:
        """Read from the file beside `database`, or made with an envelope. BadCentreFile."""
        path, envelope = Path(f"{database}.centre"), Path(f"{database}.envelope")
        if not path.exists():
            code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
            _write(envelope, 0o600, spelled(code))
            _write(path, 0o644, _public(_private(code)).hex())
        text = path.read_text(encoding="ascii", errors="replace").strip()
        try:
            public_key = bytes.fromhex(text)
        except ValueError:
            public_key = b""
        if p256.decode(public_key) is None or len(public_key) != 33:
            raise BadCentreFile(f"{path} holds no public key: restore it from backup")
        return cls(public_key, envelope)

    @property
    def lies_open(self) -> bool:
        """The code is still where everybody with this disk can read it."""
        return self._envelope.exists()

    def sign(self, code: str, order: emergency.Order) -> bytes:
        """The order as terminals take it. WrongCode; LocalError for an order without sense."""
        plain = code.upper().translate(_LIKE)
        if len(plain) != _LENGTH or set(plain) - set(_LETTERS):
            raise WrongCode(f"the code of the envelope has {_LENGTH} letters and digits")
        private = _private(plain)
        if _public(private) != self.public_key:
            raise WrongCode("that is not the code of the envelope")
        message = emergency.pack(order)
        r, s = utils.decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA256())))
        return message + r.to_bytes(32, "big") + s.to_bytes(32, "big")


def spelled(code: str) -> str:
    """In groups, as people read it."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def _private(code: str) -> ec.EllipticCurvePrivateKey:
    secret = int.from_bytes(hkdf.derive(code.encode("ascii"), b"", _INFO, 40), "big")
    return ec.derive_private_key(secret % (p256.ORDER - 1) + 1, ec.SECP256R1())


def _public(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def _write(path: Path, mode: int, text: str) -> None:
    """All of it or nothing."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    os.fchmod(descriptor, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
