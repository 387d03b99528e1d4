"""A CPU card at the desk: made from delivered, read back, wiped.

1. Files and keys are made under the delivered master key, then the card gets its own, and last its
   identity: a card without one is blank, whatever else it holds, and is made anew from nothing.
2. Each command is carried out whole or not at all, so the card is blank or issued at every instant.
Keys come from the server for this chip alone. Source: docs/cpu-card.md; commands: fmcos.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from card_layout import purse_cpu
from card_layout.des import Des
from tools.desk import fmcos
from tools.desk.chips import BLANK, ISSUED, SPOILED, Chip, Made, Reader
from tools.desk.faults import Fault

_OK = 0x9000
_IDENTITY, _SERIAL, _CHALLENGE = 16, 8, 8
_NO_IDENTITY = bytes(_IDENTITY)
_KEYS = (
    (fmcos.PURCHASE, "purchase"), (fmcos.LOAD, "load"), (fmcos.TAC, "tac"),
    (fmcos.INTERNAL, "internal"), (fmcos.PIN, "pin"),
)  # fmt: skip


class Begun(NamedTuple):
    """The card's answer to INITIALIZE FOR LOAD."""

    balance_fen: int
    loads: int
    random: bytes
    mac1: bytes


def identity(reader: Reader) -> bytes | None:
    """The identity file of our application, None if there is none or nothing in it."""
    if reader.apdu(purse_cpu.select())[1] != _OK:
        return None
    told, status = reader.apdu(purse_cpu.read_binary(purse_cpu.IDENTITY_FILE, _IDENTITY))
    return told if status == _OK and told != _NO_IDENTITY and len(told) == _IDENTITY else None


def opens(reader: Reader, key: bytes) -> bool:
    """Is this the key of its main file, which may make and wipe everything?"""
    if reader.apdu(fmcos.select_main())[1] != _OK:
        return False
    challenge, status = reader.apdu(fmcos.get_challenge())
    if status != _OK or len(challenge) != _CHALLENGE:
        return False  # of another system
    encrypted = Des(key).encrypt(challenge)
    return reader.apdu(fmcos.external_authenticate(encrypted))[1] == _OK


def is_blank(reader: Reader, chip: Chip) -> bool:
    """Nothing of ours is on it, and the delivered key opens it; now it is open."""
    return identity(reader) is None and opens(reader, fmcos.DELIVERED_KEY)


def stands(reader: Reader, chip: Chip, made: Made) -> str:
    """BLANK (and open), ISSUED, or SPOILED: somebody else's key is in it."""
    if identity(reader) == made.wallet["identity"]:
        return ISSUED
    keys = (made.wallet["master"], fmcos.DELIVERED_KEY)
    return BLANK if any(opens(reader, key) for key in keys) else SPOILED


def write(reader: Reader, chip: Chip, made: Made) -> None:
    """All but the identity, onto a card that is open. Fault refused_write: then it is blank."""
    files = fmcos.files()
    keys = [fmcos.add_key(kind, made.wallet[name]) for kind, name in _KEYS]
    begin = [fmcos.erase(), fmcos.directory(), purse_cpu.select(), files[0], *keys, *files[1:]]
    serial = fmcos.update(purse_cpu.SERIAL_FILE, made.wallet["serial"])
    end = [fmcos.select_main(), fmcos.new_master(made.wallet["master"]), purse_cpu.select()]
    try:
        for command in [*begin, serial]:
            _must(reader.apdu(command), command[:4].hex())
        if made.balance_fen:
            _load(reader, made.wallet, made.balance_fen)
        for command in end:
            _must(reader.apdu(command), command[:4].hex())
    except _Refused as error:
        raise Fault("refused_write", uid=chip.uid.hex(), what=error) from None


def close(reader: Reader, chip: Chip, made: Made) -> None:
    """The identity: from here on it is issued. Fault refused_write: then it is blank."""
    command = fmcos.update(purse_cpu.IDENTITY_FILE, made.wallet["identity"])
    if reader.apdu(command)[1] != _OK:
        raise Fault("refused_write", uid=chip.uid.hex(), what="identity")


def verify(reader: Reader, chip: Chip, made: Made) -> None:
    """Read back after power-on: files, purse, its proof of itself, its lock. Fault unlike."""
    reader.again()
    told = {
        "identity": identity(reader) == made.wallet["identity"],
        "serial": _file(reader, purse_cpu.SERIAL_FILE, _SERIAL) == made.wallet["serial"],
        "balance": _balance(reader) == made.balance_fen,
        "proof": _proves(reader, made.wallet["internal"]),
        "master": opens(reader, made.wallet["master"]),
    }
    for what, is_right in told.items():
        if not is_right:
            raise Fault("unlike", uid=chip.uid.hex(), what=what)


def read(reader: Reader) -> dict[str, Any] | None:
    """What the server judges it by, None if it is not one of ours."""
    found = identity(reader)
    if found is None:
        return None
    challenge = os.urandom(_CHALLENGE)
    proof, _ = reader.apdu(purse_cpu.internal_authenticate(challenge))
    return {
        "identity": found.hex(), "balance_fen": _balance(reader), "challenge": challenge.hex(),
        "proof": proof.hex() if len(proof) == _CHALLENGE else bytes(_CHALLENGE).hex(),
    }  # fmt: skip


def load(
    reader: Reader, pin: bytes, fen: int, writer: tuple[int, int],
    sign: Callable[[Begun, int], bytes],
) -> bool:  # fmt: skip
    """A load that the server signs. writer: terminal and serial that the card's log will name.
    -> did the card take it?"""
    try:
        _must(reader.apdu(purse_cpu.select()), "select")
        _credit(reader, pin, fen, writer, sign)
    except _Refused:
        return False
    return True


def wipe(reader: Reader, masters: list[bytes]) -> bool:
    """Blank again; the delivered key is the last that it gets back. -> did the card let it?"""
    if not any(opens(reader, master) for master in masters):
        return opens(reader, fmcos.DELIVERED_KEY)  # as far as that it was wiped before
    commands = (fmcos.erase(), fmcos.new_master(fmcos.DELIVERED_KEY))
    return all(reader.apdu(command)[1] == _OK for command in commands)


class _Refused(Exception):
    pass


def _must(answer: tuple[bytes, int], what: str) -> bytes:
    if answer[1] != _OK:
        raise _Refused(f"{what}: {answer[1]:04x}")
    return answer[0]


def _load(reader: Reader, wallet: dict[str, bytes], fen: int) -> None:
    """The opening balance, by nobody's terminal."""
    load_key = Des(wallet["load"]).encrypt

    def sign(begun: Begun, utc_s: int) -> bytes:
        session = purse_cpu.load_session(load_key, begun.random, begun.loads)
        if begun.mac1 != purse_cpu.load_mac1(session, begun.balance_fen, fen, 0, 0):
            raise _Refused("mac1")
        return purse_cpu.load_mac2(session, fen, 0, 0, purse_cpu.moment_of(utc_s))

    _credit(reader, wallet["pin"], fen, (0, 0), sign)


def _credit(
    reader: Reader, pin: bytes, fen: int, writer: tuple[int, int],
    sign: Callable[[Begun, int], bytes],
) -> None:  # fmt: skip
    utc_s = int(time.time())
    _must(reader.apdu(purse_cpu.verify(pin)), "pin")
    told = _must(reader.apdu(purse_cpu.begin_load(fen, *writer)), "load")
    begun = purse_cpu.load_begun(told)
    if begun is None:
        raise _Refused("load")
    mac2 = sign(Begun(*begun), utc_s)
    _must(reader.apdu(purse_cpu.load(purse_cpu.moment_of(utc_s), mac2)), "credit")


def _proves(reader: Reader, key: bytes) -> bool:
    challenge = os.urandom(_CHALLENGE)
    proof, _ = reader.apdu(purse_cpu.internal_authenticate(challenge))
    return proof == Des(key).encrypt(challenge)


def _file(reader: Reader, file: int, size: int) -> bytes:
    return reader.apdu(purse_cpu.read_binary(file, size))[0]


def _balance(reader: Reader) -> int:
    return int.from_bytes(reader.apdu(purse_cpu.get_balance())[0], "big")
