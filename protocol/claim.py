"""A claim: how a laptop gets a terminal number and keys without the office's token.

The office makes a code of 100 bits that is told by word of mouth and never sent: from it come a
name, which is sent, and a key, which seals question and answer. So who listens gets no card keys,
and a question kept in a file is as good as one that is sent. What is sealed, big-endian:
    question: format 1 | kind u8 | terminal u16 (of a kit, else 0) | enrolment key 16
              | device id u8 length, bytes | place u8 length, UTF-8
    answer:   format 1 | key page 128
    kit:      format 1 | key pages, 128 each
Around it: nonce 13 | AES-128-CCM, tag 16; its aad is the role, the claim's name and, for an
answer, the nonce of its question. Limits: a device id of 4 to 16 bytes, a place of 180 bytes.
"""

import struct
from collections import namedtuple

from protocol import ccm, keypage
from protocol.errors import LocalError, RemoteError
from protocol.hkdf import derive

DIGITS = 20
NAME = 8
NONCE = 13
ID_MIN, ID_MAX = 4, 16
PLACE_MAX = 180
QUESTION, ANSWER, KIT = b"Q", b"A", b"K"
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_ALIKE = {"O": "0", "I": "1", "L": "1"}
_FORMAT = 1
_TAG = 16
_KEY = 16
_HEAD = ">BBH16s"
_HEAD_SIZE = struct.calcsize(_HEAD)

Question = namedtuple("Question", "kind terminal enrolment device place")


def code_of(random):
    """-> the text of a code, made of 20 random bytes (5 bits of each count)."""
    letters = "".join([_LETTERS[byte & 31] for byte in random[:DIGITS]])
    return "-".join([letters[at : at + 4] for at in range(0, DIGITS, 4)])


def read_code(text):
    """-> the code as it is hashed, however it was typed. RemoteError if it is none."""
    letters = "".join([_ALIKE.get(c, c) for c in text.upper() if c not in "- \t\r\n"])
    if len(letters) != DIGITS or not all(c in _LETTERS for c in letters):
        raise RemoteError(f"a claim code has {DIGITS} letters and digits")
    return letters.encode()


def name_of(code):
    """-> 8 bytes that tell which claim it is, of what read_code gives."""
    return derive(code, b"", b"campus-card claim name", NAME)


def key_of(code):
    """-> 16 bytes that seal what belongs to the claim."""
    return derive(code, b"", b"campus-card claim key", _KEY)


def seal(role, name, key, nonce, data, asked=b""):
    """-> nonce || sealed. asked: of an answer, the nonce of its question. LocalError."""
    return nonce + ccm.seal(key, nonce, role + name + asked, data, _TAG)


def unseal(role, name, key, raw, asked=b""):
    """-> data. RemoteError if it was sealed by another code, for something else, or changed."""
    if len(raw) < NONCE + _TAG:
        raise RemoteError("too short for anything sealed")
    return ccm.unseal(key, raw[:NONCE], role + name + asked, raw[NONCE:], _TAG)


def pack_question(question):
    """-> bytes to seal. LocalError for a field that does not fit."""
    place = question.place.encode()
    if not ID_MIN <= len(question.device) <= ID_MAX or len(place) > PLACE_MAX:
        raise LocalError("a device id of 4 to 16 bytes, a place of at most 180")
    if len(question.enrolment) != _KEY or keypage.is_guessable(question.enrolment):
        raise LocalError("no enrolment key")
    head = struct.pack(_HEAD, _FORMAT, question.kind, question.terminal, question.enrolment)
    device = bytes((len(question.device),)) + question.device
    return head + device + bytes((len(place),)) + place


def unpack_question(raw):
    """-> Question. RemoteError if it is none."""
    if len(raw) < _HEAD_SIZE + 2 or raw[0] != _FORMAT:
        raise RemoteError("no question of this format")
    _, kind, terminal, enrolment = struct.unpack_from(_HEAD, raw)
    at = _HEAD_SIZE + 1
    end = at + raw[at - 1]
    if not ID_MIN <= end - at <= ID_MAX or end >= len(raw) or len(raw) != end + 1 + raw[end]:
        raise RemoteError("a question of a wrong length")
    if keypage.is_guessable(enrolment):
        raise RemoteError("an enrolment key that everybody tries first")
    try:
        place = str(raw[end + 1 :], "utf-8")
    except (UnicodeError, ValueError):
        raise RemoteError("a place that is no text")
    return Question(kind, terminal, bytes(enrolment), bytes(raw[at:end]), place)


def pack_pages(pages):
    """-> an answer (one key page) or a kit (many), to seal."""
    return bytes((_FORMAT,)) + b"".join(pages)


def unpack_pages(raw):
    """-> [KeyPage, ...]. RemoteError if one is none."""
    if len(raw) % keypage.SIZE != 1 or raw[0] != _FORMAT:
        raise RemoteError("no key pages of this format")
    pages = []
    for at in range(1, len(raw), keypage.SIZE):
        page = keypage.unpack(raw[at : at + keypage.SIZE])
        if page is None:
            raise RemoteError("a key page that is none")
        pages.append(page)
    return pages


def with_enrolment(page, enrolment):
    """-> the bytes of a KeyPage with the key that was made at the device. LocalError."""
    return keypage.pack(page.number, page.kind, enrolment, *page[3:])
