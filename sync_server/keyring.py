"""The server's secrets: one 0600 file beside the database, made at the first start.

Four random masters: for the two sector keys of cards, for their purse MACs, and for the terminals'
enrolment keys. Newer versions of the first three may follow them ("purse.2"). The last gives each
terminal its key, by number and generation (HKDF-SHA256), which so stands in no database; from it,
which no terminal has, come the issuer's key for codes and the CPU cards' TAC master, too. Never
logged, never in an error text. Whoever loses the file loses all cards: back it up apart from the
database.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from card_layout import identity, keys, p256, purse_cpu, sectors
from card_layout.block import Altered
from card_layout.des import Des
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from protocol import cardkeys, ccm, hkdf, keypage, messages
from protocol.aes import Aes

CARD_NAMES = ("sector_a", "sector_b", "purse")
NAMES = (*CARD_NAMES, "terminal")
KINDS = {"pos": messages.POS, "gate": messages.GATE, "water": messages.WATER}
_KEY = 16
_NONCE = 13
_HEX = set("0123456789abcdef")
_NO_KEY = b"\xff" * _KEY
_WRITERS = ("pos", "water")
_ISSUER_INFO = b"campus-card issuer of codes"
_TAC_INFO = b"campus-card tac master"
_PSAM_INFO = b"campus-card psam master"
_HIDING_INFO = b"campus-card hidden keys"
_ALL_NAMES = {*NAMES, *(f"{name}.{n}" for n in range(2, 16) for name in CARD_NAMES)}
_AUDIT_INFO = b"campus-card log of acts"
OWN_KEY = b"campus-card own key"  # a use of `hide`: an enrolment key made at the device
HOOK_SECRET = b"campus-card webhook secret"  # another: what a partner's webhook is signed with


class BadKeyFile(OSError):
    """The key file is not one; nothing of it is told."""


class NoMoreVersions(ValueError):
    """Card keys have been changed as often as a record can tell."""


class Keyring:
    """masters: name -> 16 bytes; path: the file that keeps them, None for none. issuer_key: 33
    bytes, what terminals check codes with. newest: version of the card keys. audit_key: 32 bytes,
    under which the log of acts is chained."""

    ISSUER = 1  # number of the key that signs what phones may

    def __init__(self, masters: dict[str, bytes], path: Path | None = None):
        self._masters = masters
        self._path = path
        self.database = Path(str(path).removesuffix(".keys")) if path else None
        self.newest = len(masters) // len(CARD_NAMES)
        self.centre_key = b""  # public, of who orders emergencies; b"": terminals get none
        self._tac = Aes(hkdf.derive(masters["terminal"], b"", _TAC_INFO, _KEY)).ecb
        self._psam = hkdf.derive(masters["terminal"], b"", _PSAM_INFO, _KEY)
        self._hiding = hkdf.derive(masters["terminal"], b"", _HIDING_INFO, _KEY)
        self.audit_key = hkdf.derive(masters["terminal"], b"", _AUDIT_INFO, 32)
        secret = int.from_bytes(hkdf.derive(masters["terminal"], b"", _ISSUER_INFO, 40), "big")
        self._issuer = ec.derive_private_key(secret % (p256.ORDER - 1) + 1, ec.SECP256R1())
        self.issuer_key = self._issuer.public_key().public_bytes(
            Encoding.X962, PublicFormat.CompressedPoint
        )

    @classmethod
    def beside(cls, database: Path) -> Keyring:
        """Read from the file beside `database`, or made. BadKeyFile, OSError."""
        path = Path(f"{database}.keys")
        if not path.exists():
            _write(path, {name: secrets.token_bytes(_KEY) for name in NAMES})
        found = {}
        for line in path.read_text(encoding="ascii", errors="replace").splitlines():
            name, _, value = line.partition(" ")
            if name in _ALL_NAMES and len(value) == 2 * _KEY and set(value) <= _HEX:
                found[name] = bytes.fromhex(value)
        if sorted(found) != sorted(_names(len(found) // len(CARD_NAMES))):
            raise BadKeyFile(f"{path} does not hold the four master keys: restore it from backup")
        if any(map(keypage.is_guessable, found.values())):
            raise BadKeyFile(f"{path} has a key that everybody tries first: restore it from backup")
        return cls(found, path)

    def grow(self, with_sectors: bool) -> int:
        """Card keys of a new version: for MACs and CPU cards, and with_sectors for MIFARE sectors
        too. -> the version; in the file before it returns. NoMoreVersions, OSError."""
        version = self.newest + 1
        if version > cardkeys.VERSION_MAX:
            raise NoMoreVersions(f"card keys have {self.newest} versions, no more can be told")
        made = {}
        for name in CARD_NAMES:
            is_new = with_sectors or name == "purse"
            made[f"{name}.{version}"] = (
                secrets.token_bytes(_KEY) if is_new else self._master(name, self.newest)
            )
        if self._path:
            _write(self._path, self._masters | made)
        self._masters |= made
        self.newest = version
        return version

    def _master(self, name: str, version: int) -> bytes:
        return self._masters[name if version == 1 else f"{name}.{version}"]

    def _cipher(self, name: str, version: int) -> Callable[[bytes], bytes]:
        return Aes(self._master(name, version)).ecb

    def card_keys(self, kind: str) -> bytes:
        """Tail of KEYS: every version, as a terminal of this kind may have it."""
        rows = []
        for version in range(1, self.newest + 1):
            sector_a, sector_b, purse = (self._master(name, version) for name in CARD_NAMES)
            rows.append((version, sector_a, sector_b if kind in _WRITERS else _NO_KEY, purse))
        return cardkeys.tell(rows)

    def terminal_key(self, number: int, generation: int) -> bytes:
        """The enrolment key of a terminal, 16 bytes."""
        info = b"campus-card enrolment" + number.to_bytes(2, "big") + generation.to_bytes(4, "big")
        return hkdf.derive(self._masters["terminal"], b"", info, _KEY)

    def deriver(
        self, number: int, generation: int, own_key: bytes | None = None
    ) -> Callable[[bytes, bytes, int], bytes]:
        """derive(salt, info, length) for protocol.session. own_key: made at the device, hidden."""
        key = self.terminal_key(number, generation)
        if own_key is not None:
            key = self.show(OWN_KEY, own_key)
        return lambda salt, info, length: hkdf.derive(key, salt, info, length)

    def hide(self, use: bytes, secret: bytes) -> bytes:
        """A key of somebody else's as the database may have it: nonce, sealed."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + ccm.seal(self._hiding, nonce, use, secret, _KEY)

    def show(self, use: bytes, hidden: bytes) -> bytes:
        """What was hidden for the same use. protocol.ccm.BadTag under another key file."""
        return ccm.unseal(self._hiding, hidden[:_NONCE], use, hidden[_NONCE:], _KEY)

    def sign_code(self, message: bytes) -> bytes:
        """64 bytes r || s of ECDSA P-256 with SHA-256, by the issuer of codes."""
        r, s = utils.decode_dss_signature(self._issuer.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def page(self, number: int, kind: str, generation: int) -> bytes:
        """The key page of a terminal; a kind that never writes cards gets no key to write."""
        masters = self._masters
        sector_b = masters["sector_b"] if kind in _WRITERS else _NO_KEY
        enrolment = self.terminal_key(number, generation)
        keys = (enrolment, masters["sector_a"], sector_b, masters["purse"])
        return keypage.pack(number, KINDS[kind], *keys, self.centre_key)

    def personalise(self, card: dict, counter: int = 0) -> list[tuple[int, bytes]]:
        """(block, 16 bytes) in the order to write, for a row of the table of cards as issued.
        counter: one that no purse of this chip has had."""
        purse = Purse(counter, card["balance_fen"], 0, 0)
        uid = bytes.fromhex(card["uid"])
        ciphers = [self._cipher(name, card["key_version"]) for name in CARD_NAMES]
        return sectors.personalise(_identity(card), purse, uid, *ciphers)

    def identity(self, card: dict) -> bytes:
        """The 16 bytes that say whose card it is, for such a row as it is now."""
        uid = bytes.fromhex(card["uid"])
        mac = self.card_macs(uid)[card["key_version"] - 1]
        return identity.pack(_identity(card), uid, mac)

    def whose(self, uid: bytes, block: bytes) -> Identity:
        """What such 16 bytes say, under any version. card_layout.block.Altered."""
        for mac in self.card_macs(uid)[:-1]:
            with contextlib.suppress(Altered):
                return identity.unpack(block, uid, mac)
        return identity.unpack(block, uid, self.card_macs(uid)[-1])

    def card_macs(self, uid: bytes) -> list[Callable[[bytes], bytes]]:
        """What vouches for identity and purse of a card, by version, the first one first."""
        return [keys.card_mac(self._cipher("purse", n), uid) for n in self._versions()]

    def sector_keys(self, uid: bytes, name: str) -> list[bytes]:
        """Keys "A" or "B" of our sector of a MIFARE card, the newest version first, each once."""
        ciphers = [self._cipher(f"sector_{name.lower()}", n) for n in self._versions()]
        made = [keys.sector_key(cipher, uid, sectors.SECTOR, name) for cipher in ciphers]
        return list(dict.fromkeys(reversed(made)))

    def proves(self, uid: bytes, challenge: bytes, proof: bytes) -> bool:
        """Does a CPU card's INTERNAL AUTHENTICATE say that it is this one, under any version?"""
        made = [self._internal_key(uid, n) for n in self._versions()]
        told = [Des(key).encrypt(challenge) for key in made]
        return any(hmac.compare_digest(one, proof) for one in told)

    def _versions(self) -> range:
        return range(1, self.newest + 1)

    def _internal_key(self, uid: bytes, version: int) -> bytes:
        return keys.wallet_key(self._cipher("purse", version), uid, "I")

    def wallet(self, card: dict) -> dict[str, bytes]:
        """What personalises a CPU card, for such a row: its serial number, its identity file and
        its keys (docs/cpu-card.md)."""
        uid, version = bytes.fromhex(card["uid"]), card["key_version"]
        encrypt = self._cipher("purse", version)
        return {
            "serial": bytes(8 - len(uid)) + uid,
            "identity": self.identity(card),
            "psam": purse_cpu.diversified(Des(self._psam).encrypt, bytes(8 - len(uid)) + uid),
            "purchase": keys.wallet_key(encrypt, uid, "D"),
            "load": self.load_key(uid),
            "internal": self._internal_key(uid, version),
            "tac": self.tac_key(uid),
            "pin": self.pin(uid),
            "master": self.master(uid),
        }

    def master(self, uid: bytes) -> bytes:
        """16 bytes that open the main file of a CPU card."""
        return keys.wallet_key(self._tac, uid, "M")

    def psam(self, number: int) -> dict[str, bytes]:
        """What personalises the PSAM of a terminal: its terminal number and the purchase master."""
        return {"number": purse_cpu.who(number, 0), "master": self._psam}

    def load_key(self, uid: bytes) -> bytes:
        """16 bytes under which a CPU card is loaded; no terminal has it."""
        return keys.wallet_key(self._tac, uid, "L")

    def pin(self, uid: bytes) -> bytes:
        """3 bytes, six digits, that a CPU card wants to hear before a load. Not the holder's to
        know: what makes money is the MAC, this only keeps strangers from trying."""
        digits = int.from_bytes(keys.wallet_key(self._tac, uid, "N")[:4], "big") % 1_000_000
        return bytes.fromhex(f"{digits:06d}")

    def tac_key(self, uid: bytes) -> bytes:
        """16 bytes under which a CPU card tells the server of a purchase; no terminal has it."""
        return keys.wallet_key(self._tac, uid, "T")


def _identity(card: dict) -> Identity:
    return Identity(
        card["number"], card["holder_kind"], card["valid_until"], card["list_stamp"],
        card["zones"], card["key_version"],
    )  # fmt: skip


def _names(newest: int) -> list[str]:
    """What a key file holds whose card keys have so many versions."""
    more = [f"{name}.{n}" for n in range(2, newest + 1) for name in CARD_NAMES]
    return [*NAMES, *more]


def _write(path: Path, masters: dict[str, bytes]) -> None:
    """All of it or nothing, and only for its owner."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)  # a draft that was left behind keeps the mode it had
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        for name, value in masters.items():
            file.write(f"{name} {value.hex()}\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # before any card is written with these keys
    finally:
        os.close(folder)
