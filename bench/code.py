"""The code of a phone: its bytes, its QR version, and what checking it costs.

Multiplications in the field are counted, not timed: in the programs that are played. Times are the
terminals' interpreter's on this machine; a whole tap with a code is bench chip's.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench import on_terminal
from card_layout import base45, code, field, p256, points

BAR_BYTES, BAR_VERSION = 200, 10
# characters of QR's alphanumeric mode that fit versions 1 to 10 at correction M (ISO 18004 table 7)
_CAPACITY_M = (20, 38, 61, 90, 122, 154, 178, 221, 262, 311)


def measure() -> dict[str, Any]:
    """Bytes, characters, version; field multiplications of a first and of a later check; times."""
    issuer, holder = (ec.derive_private_key(secret, ec.SECP256R1()) for secret in (11, 22))
    said = code.Authorisation(1, 7, 2, 1, 0, 1_800_000_000, 3, 5000, 10_000, _public(holder))
    data = code.show(code.authorise(said, _signer(issuer)), 1_790_000_000, 1, _signer(holder))
    text = base45.encode(data)
    table = p256.multiples(p256.decode(_public(issuer)))
    assert code.issued(data, table) and code.shown(data)
    return {
        "bytes": len(data),
        "bar_bytes": BAR_BYTES,
        "characters": len(text),
        "qr_version": next(n for n, most in enumerate(_CAPACITY_M, 1) if len(text) <= most),
        "bar_version": BAR_VERSION,
        "field_multiplications": {
            "first": _count(lambda: code.issued(data, table) and code.shown(data)),
            "cached": _count(lambda: code.shown(data)),
            "a_table_for_a_kept_key": _count(lambda: p256.multiples(p256.GENERATOR)),
        },
        "interpreter_ms": _times(data, _public(issuer)),
    }


def _count(check: Any) -> int:
    count = 0
    play = points.Field.play

    def counted(self: Any, steps: Any, times: int = 1) -> None:
        nonlocal count
        count += times * sum(kind == field.MULTIPLY for kind, *_ in steps)
        play(self, steps, times)

    points.Field.play = counted  # type: ignore[method-assign]
    try:
        check()
    finally:
        points.Field.play = play  # type: ignore[method-assign]
    return count


def _times(data: bytes, issuer: bytes) -> dict[str, float]:
    printed = on_terminal.run("code_check.py", said=f"{data.hex()}\n{issuer.hex()}\n")
    first, cached = (int(value) / 1000 for value in printed.split())
    return {"first": first, "cached": cached}


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def _signer(key: ec.EllipticCurvePrivateKey) -> Any:
    def sign(message: bytes) -> bytes:
        r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign
