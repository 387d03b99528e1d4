"""The server's HTTP API as the desk uses it. Keys that it sends are in no Fault and in no log."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from tools.desk.chips import Chip, Made
from tools.desk.faults import Fault

_WAIT_S = 15
_NOT_FOUND, _CONFLICT, _FAILED = 404, 409, 500


class Conflict(Exception):
    """The server's own line: this cannot be now."""


class Office:
    """server: http://HOST:PORT. token: of its token file."""

    def __init__(self, server: str, token: str):
        self._server = server.rstrip("/")
        self._token = token

    def begin(self, chip: Chip, wish: dict[str, Any]) -> Made:
        """The card for this chip: a new one, or the one that was begun. Conflict, Fault."""
        body = wish | {"uid": chip.uid.hex(), "credential": chip.kind}
        told = self._call("POST", "/api/issues", body)
        try:
            blocks = [(block, bytes.fromhex(data)) for block, data in told.get("blocks", [])]
            wallet = {name: bytes.fromhex(data) for name, data in told.get("wallet", {}).items()}
            return Made(told["card"], told["fee_fen"], wish["balance_fen"], blocks, wallet)
        except (KeyError, ValueError, TypeError, AttributeError):
            raise Fault("no_server", why="its answer is not understood") from None

    def end(self, card: int) -> None:
        """It was read back right. Conflict, Fault."""
        self._call("PUT", f"/api/issues/{card}", {})

    def void(self, card: int) -> dict[str, Any]:
        """It will not be finished. Conflict, Fault."""
        return self._call("DELETE", f"/api/issues/{card}")

    def chip(self, chip: Chip) -> dict[str, Any] | None:
        """What is known of it, None if it was never ours. Fault."""
        return self._find(f"/api/chips/{chip.uid.hex()}")

    def card(self, card: int) -> dict[str, Any] | None:
        """What is known of a card, None if it was never issued. Fault."""
        return self._find(f"/api/cards/{card}")

    def read(self, chip: Chip, reading: dict[str, Any]) -> dict[str, Any]:
        """What its bytes say. Conflict, Fault."""
        return self._call("POST", f"/api/chips/{chip.uid.hex()}/reading", reading)

    def take_back(self, chip: Chip, reading: dict[str, Any]) -> dict[str, Any]:
        """It is dead from now on. Conflict, Fault."""
        return self._call("POST", f"/api/chips/{chip.uid.hex()}/return", reading)

    def load(self, card: int, fen: int) -> int:
        """Paid in, for its next tap. -> number of the action. Conflict, Fault."""
        body = {"loads": [{"card": card, "amount_fen": fen}]}
        return self._call("POST", "/api/loads", body)["actions"][0]

    def loading(self, chip: Chip, reading: dict[str, Any]) -> dict[str, Any]:
        """What may be put on it now; told again when it is. Conflict, Fault."""
        return self._call("POST", f"/api/chips/{chip.uid.hex()}/loading", reading)

    def sign(self, asked: dict[str, Any]) -> bytes:
        """MAC2 of a CPU card's load. Conflict: it is done. Fault."""
        return bytes.fromhex(self._call("POST", "/api/chips/signing", asked)["mac2"])

    def settle(self) -> list[dict[str, Any]]:
        """Balances of replaced cards move as far as they may. Fault."""
        return self._call("POST", "/api/settlements", {})["replaced"]

    def _find(self, path: str) -> dict[str, Any] | None:
        try:
            return self._call("GET", path)
        except LookupError:
            return None

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            self._server + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_WAIT_S) as answer:
                told = json.load(answer)
        except urllib.error.HTTPError as error:
            why = _reason(error)
            if error.code == _NOT_FOUND:
                raise LookupError(why) from None
            if error.code == _CONFLICT:
                raise Conflict(why) from None
            raise Fault("no_server" if error.code >= _FAILED else "refused", why=why) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Fault("no_server", why=getattr(error, "reason", None) or error) from None
        if not isinstance(told, dict):
            raise Fault("no_server", why="its answer is not understood")
        return told


def _reason(error: urllib.error.HTTPError) -> str:
    """The server's own line, or the status."""
    try:
        return str(json.loads(error.read())["error"])[:300]
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return f"HTTP {error.code}"
