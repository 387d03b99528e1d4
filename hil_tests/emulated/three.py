"""A window that takes every credential: a MIFARE card, a CPU card, and codes at its scanner."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from card_layout import base45, code
from hil_tests.emulated.canteen import CARD_FEN, Canteen
from hil_tests.emulated.wires import BAUD, ScannerWire
from terminal_sim.demo_card import student_cpu

MIFARE, CPU, PHONE = 1, 2, 3  # card numbers
_ISSUER = 1
_CONFIG = {"scanner": {"tx": 10, "rx": 11, "baud": BAUD}}
_SCANS_S = 5
_TAKEN_S = 0.3
_QUIET_S = 0.2  # until the panel is told: state machines that say and hear at once lose their step


class Three(Canteen):
    """scanner: now. The phone may spend CARD_FEN a tap and a day, offline too."""

    def __init__(self) -> None:
        self._issuer, self._holder = (ec.derive_private_key(n, ec.SECP256R1()) for n in (11, 22))
        issuers = bytes((_ISSUER,)) + public(self._issuer)
        super().__init__(cards=PHONE, config=_CONFIG, wishes={"code_issuers": issuers})
        said = code.Authorisation(
            _ISSUER, PHONE, 2, 1, 0, self.office.utc_s() + 86400, 9, CARD_FEN, CARD_FEN,
            public(self._holder),
        )  # fmt: skip
        self._authorised = code.authorise(said, signer(self._issuer))
        self._counter = 0

    def _card(self, number: int, tail: bytes) -> Any:
        if number == CPU:
            return student_cpu(b"\x04\x5a\x01\x02" + tail, self._masters, CARD_FEN, number)
        return super()._card(number, tail)

    def power_on(self) -> None:
        """As Canteen."""
        super().power_on()
        self.scanner = ScannerWire(self.board)

    def code(self) -> bytes:
        """The next code of the phone."""
        self._counter += 1
        now_s = self.office.utc_s()
        return code.show(self._authorised, now_s, self._counter, signer(self._holder))

    def scan(self, data: bytes) -> tuple[int, int]:
        """A code is held to the glass until the terminal beeps. -> nanoseconds from then, and from
        the scanner's last bit."""
        self.board.run(_QUIET_S)
        before, start_ns = len(self.panel.beeps), self.board.now_ns
        self.scanner.show(base45.encode(data))
        self.board.wait(_SCANS_S, lambda: len(self.panel.beeps) > before, "no beep for a code")
        beep_ns = self.panel.beeps[-1][0]
        return beep_ns - start_ns, beep_ns - self.scanner.told_ns


def taps(
    window: Three, names: tuple[str, ...] = ("mifare", "cpu", "code"), rounds: int = 2
) -> dict[str, list[float]]:
    """Milliseconds of the chip's time, card at the reader or scanner's last bit to the beep, of a
    purchase with each credential in each round, the first since power-on first. `scan`: what the
    scanner takes to say a code, before that."""
    took: dict[str, list[float]] = {name: [] for name in (*names, "scan")}
    for _ in range(rounds):
        for name in names:
            window.enter("3.20#")
            if name == "code":
                whole_ns, told_ns = window.scan(window.code())
                took["scan"].append((whole_ns - told_ns) / 1e6)
                window.board.run(_TAKEN_S)
            else:
                told_ns = window.present(MIFARE if name == "mifare" else CPU)
                window.take()
            took[name].append(told_ns / 1e6)
    return took


def public(key: ec.EllipticCurvePrivateKey) -> bytes:
    """-> 33 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def signer(key: ec.EllipticCurvePrivateKey) -> Any:
    """-> callable bytes -> 64 bytes r || s, the same for the same bytes (RFC 6979)."""

    def sign(message: bytes) -> bytes:
        signed = key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = utils.decode_dss_signature(signed)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign
