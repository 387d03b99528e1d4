"""Commands of FMCOS, the system of FM1208 cards, that make files and keys. Bytes only.

Rights are a byte: F0 anybody, 0A who has authenticated with the main file's key. Source: published
descriptions of FMCOS 2.0, chapters 4 and 7; not tried on a real card yet (docs/desk.md).
"""

from __future__ import annotations

from card_layout.purse_cpu import IDENTITY_FILE, LOG_FILE, LOG_LINES, LOG_SIZE, NAME, SERIAL_FILE

DELIVERED_KEY = b"\xff" * 16
PURCHASE, LOAD, TAC, INTERNAL, PIN, MASTER = 0x3E, 0x3F, 0x34, 0x30, 0x3A, 0x39
_DIRECTORY, _KEYS, _BINARY, _CYCLIC, _PURSE = 0x38, 0x3F, 0x28, 0x2E, 0x2F
_APPLICATION, _KEY_FILE, _PURSE_FILE = 0x3F01, 0x0000, 0x0002
_ANYBODY, _MASTER_ONLY = 0xF0, 0x0A
_VERSION, _ALGORITHM = 0x01, 0x00
_PIN_TRIES = 0x33
_FIRST = 0x01  # number of the key that a purchase or a load names


def select_main() -> bytes:
    """-> APDU that selects the main file."""
    return b"\x00\xa4\x00\x00\x02\x3f\x00"


def get_challenge() -> bytes:
    """-> APDU, answered with 8 bytes."""
    return b"\x00\x84\x00\x00\x08"


def external_authenticate(encrypted: bytes) -> bytes:
    """-> APDU; the challenge under the key of the selected directory."""
    return b"\x00\x82\x00\x00\x08" + encrypted


def erase() -> bytes:
    """-> APDU that drops all that is below the selected directory."""
    return b"\x80\x0e\x00\x00\x00"


def new_master(key: bytes) -> bytes:
    """-> APDU that changes the key of the main file."""
    return _command(0xD4, MASTER << 8, key)


def directory() -> bytes:
    """-> APDU that makes the application's."""
    head = bytes((_DIRECTORY, 0x05, 0x20, _MASTER_ONLY, _MASTER_ONLY, 0x95, 0xFF, 0xFF))
    return _command(0xE0, _APPLICATION, head + NAME)


def files() -> list[bytes]:
    """-> APDUs that make all files of the selected application, the key file first."""
    log = LOG_LINES << 8 | LOG_SIZE
    return [
        _file(_KEY_FILE, _KEYS, 0x0100, (0x95, _MASTER_ONLY)),
        _file(LOG_FILE, _CYCLIC, log, (_ANYBODY, 0xEF)),
        _file(_PURSE_FILE, _PURSE, 0x0208, (_ANYBODY, 0x00), bytes((0xFF, LOG_FILE))),
        _file(SERIAL_FILE, _BINARY, 8, (_ANYBODY, _MASTER_ONLY)),
        _file(IDENTITY_FILE, _BINARY, 16, (_ANYBODY, _MASTER_ONLY)),
    ]


def add_key(kind: int, key: bytes) -> bytes:
    """-> APDU that gives the application a key; a PIN of 3 bytes is one, too."""
    number = _FIRST if kind in (PURCHASE, LOAD) else 0
    if kind == PIN:
        head = bytes((PIN, _ANYBODY, 0xEF, 0x01, _PIN_TRIES))
    else:
        head = bytes((kind, _ANYBODY, _MASTER_ONLY, _VERSION, _ALGORITHM))
    return _command(0xD4, 0x0100 | number, head + key)


def update(file: int, content: bytes) -> bytes:
    """-> APDU that writes a file from its start."""
    return bytes((0x00, 0xD6, 0x80 | file, 0x00, len(content))) + content


def _file(
    number: int, kind: int, size: int, rights: tuple[int, int], more: bytes = b"\xff\xff"
) -> bytes:
    return _command(0xE0, number, bytes((kind, *size.to_bytes(2, "big"), *rights)) + more)


def _command(instruction: int, place: int, data: bytes) -> bytes:
    return bytes((0x80, instruction, *place.to_bytes(2, "big"), len(data))) + data
