"""How a board comes by its number and keys: from the server at once, or from a kit.

Both take the claim's code, which is never sent and never kept. The enrolment key is made here of
the board's own random bytes and this computer's. Faults say what to do.
"""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from pathlib import Path

from protocol import claim as seals
from protocol import hkdf, messages
from protocol.errors import ProtocolError
from tools.flashing.faults import Fault
from tools.flashing.work import Work

KINDS = {"pos": messages.POS, "gate": messages.GATE, "water": messages.WATER}
_WAIT_S = 15
_KEY = 16


def make_key(of_board: bytes) -> bytes:
    """An enrolment key as good as the better of two sources; the board's may be empty."""
    return hkdf.derive(os.urandom(32) + of_board, b"", b"campus-card enrolment key", _KEY)


class Code:
    """A claim's code, read. Fault bad_code."""

    def __init__(self, text: str):
        try:
            code = seals.read_code(text)
        except ProtocolError as error:
            raise Fault("bad_code", why=error) from None
        self.name = seals.name_of(code)
        self.key = seals.key_of(code)

    def question(self, kind: str, terminal: int, own: bytes, device: str, place: str) -> bytes:
        """Sealed."""
        asked = seals.Question(KINDS[kind], terminal, own, bytes.fromhex(device), place)
        nonce = os.urandom(seals.NONCE)
        return seals.seal(seals.QUESTION, self.name, self.key, nonce, seals.pack_question(asked))


class Online:
    """A server that is asked at once."""

    def __init__(self, server: str, code: Code):
        self._server = server.rstrip("/")
        self._code = code

    def page(self, work: Work, board: str, kind: str, own: bytes, place: str) -> bytes:
        """The key page to write. Fault."""
        asked = self._code.question(kind, 0, own, board, place)
        answer = send(self._server, self._code.name.hex(), asked.hex())
        try:
            plain = seals.unseal(
                seals.ANSWER, self._code.name, self._code.key, answer, asked[: seals.NONCE]
            )
            (found,) = seals.unpack_pages(plain)
        except (ProtocolError, ValueError) as error:
            raise Fault("refused", why=f"its answer is not for this claim: {error}") from None
        return seals.with_enrolment(found, own)


class Kit:
    """Numbers and card keys that the office made beforehand, in a file sealed by the code."""

    def __init__(self, path: Path, code: Code):
        try:
            told = json.loads(path.read_text("utf-8"))
            raw = bytes.fromhex(told["kit"])
            plain = seals.unseal(seals.KIT, code.name, code.key, raw)
            self._pages = {page.number: page for page in seals.unpack_pages(plain)}
        except (OSError, ValueError, KeyError, TypeError, ProtocolError):
            raise Fault("bad_kit", file=path) from None
        self._code = code

    def page(self, work: Work, board: str, kind: str, own: bytes, place: str) -> bytes:
        """The same; the sealed question is kept in the enrolment file first."""
        number = work.take(board, sorted(self._pages))
        if number is None:
            raise Fault("kit_empty")
        found = self._pages[number]
        if found.kind != KINDS[kind]:
            wanted = next(name for name, told in KINDS.items() if told == found.kind)
            raise Fault("other_kind", kind=kind, wanted=wanted)
        asked = self._code.question(kind, number, own, board, place)
        work.ask_later(board, self._code.name.hex(), asked.hex())
        return seals.with_enrolment(found, own)


Source = Online | Kit


def send(server: str, claim: str, sealed: str) -> bytes:
    """A sealed question. -> the sealed answer. Fault no_server or refused."""
    request = urllib.request.Request(
        f"{server.rstrip('/')}/api/provision",
        data=json.dumps({"sealed": sealed}).encode(),
        headers={"Authorization": f"Claim {claim}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_WAIT_S) as answer:
            return bytes.fromhex(json.load(answer)["sealed"])
    except urllib.error.HTTPError as error:
        why = _reason(error)
        raise Fault("no_server" if error.code >= 500 else "refused", why=why) from None
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise Fault("no_server", why=getattr(error, "reason", None) or error) from None


def post(server: str, token: str, path: str, body: dict) -> dict:
    """A request of the API with the office's token. Fault no_server or refused."""
    request = urllib.request.Request(
        server.rstrip("/") + path,
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=4 * _WAIT_S) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Fault("refused", why=_reason(error)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Fault("no_server", why=getattr(error, "reason", None) or error) from None


def _reason(error: urllib.error.HTTPError) -> str:
    """The server's own line, or the status."""
    try:
        return str(json.loads(error.read())["error"])[:300]
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return f"HTTP {error.code}"
