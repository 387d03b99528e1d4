"""A real server in a process of its own, and what the world asks of it over HTTP.

The process is `campus serve` on loopback; it can be killed with SIGKILL and started again on the
same ports and database, as a power cut in the server room would. What it is not: it looks into no
database and imports nothing of the server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any

START_WAIT_S = 30
CALL_WAIT_S = 60
CARDS_A_CALL = 2000


class ServerProblem(RuntimeError):
    """The server did not start or refused what was asked; its own line says why."""


class Office:
    """Whoever may use the API of a server. address: http://HOST:PORT; token: as in its file."""

    def __init__(self, address: str, token: str):
        self.http = address.rstrip("/")
        self._token = token

    def call(self, method: str, path: str, body: dict | bytes | None = None) -> dict[str, Any]:
        """One request of the API, JSON or bytes. ServerProblem with the server's own line."""
        request = urllib.request.Request(
            self.http + path,
            method=method,
            data=json.dumps(body).encode() if isinstance(body, dict) else body,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=CALL_WAIT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ServerProblem(f"{method} {path}: {error.read().decode()[:300]}") from None
        except (OSError, HTTPException) as error:  # the latter: it was killed while it spoke
            raise ServerProblem(f"{method} {path}: {error}") from None

    def enrol(self, kind: str, place: str, merchant: str) -> tuple[int, bytes]:
        """-> (number, key page) of a new terminal."""
        made = self.call(
            "POST", "/api/terminals", {"kind": kind, "place": place, "merchant": merchant}
        )
        return made["number"], bytes.fromhex(made["provisioning"])

    def psam(self, number: int) -> tuple[bytes, bytes]:
        """-> (master, its terminal number): what personalises the PSAM of a terminal."""
        made = self.call("POST", f"/api/terminals/{number}/psam")
        return bytes.fromhex(made["master"]), bytes.fromhex(made["number"])

    def issue(self, wishes: list[dict]) -> list[tuple[int, list[tuple[int, bytes]]]]:
        """-> (card number, blocks to write) for each wish, in order."""
        issued = []
        for at in range(0, len(wishes), CARDS_A_CALL):
            body = {"cards": wishes[at : at + CARDS_A_CALL]}
            for made in self.call("POST", "/api/cards", body)["cards"]:
                blocks = [(block, bytes.fromhex(data)) for block, data in made["blocks"]]
                issued.append((made["card"], blocks))
        return issued

    def issue_wallet(self, wish: dict) -> tuple[int, dict[str, bytes]]:
        """-> (card number, what personalises a CPU card by name)."""
        (made,) = self.call("POST", "/api/wallets", {"cards": [wish]})["cards"]
        return made.pop("card"), {name: bytes.fromhex(data) for name, data in made.items()}

    def records(self, terminal: int, after: int = 0) -> list[list[int]]:
        """All records of a terminal, or those after a serial: [serial, type, outcome, reason,
        utc_s, card, amount_fen]."""
        found: list[list[int]] = []
        more = True
        while more:
            after = found[-1][0] if found else after
            path = f"/api/terminals/{terminal}/records?after={after}"
            page = self.call("GET", path)["records"]
            found += page
            more = bool(page)
        return found


class ServerProcess(Office):
    """`campus serve` over the database in `folder`, HTTP at HOST:PORT, terminals at a port of
    loopback; a port 0 is chosen once and kept. more: further options of the command."""

    def __init__(self, folder: Path, http: str = "127.0.0.1:0", more: Sequence[str] = ()):
        super().__init__(f"http://{http}", "")
        self._database = folder / "campus.db"
        self._log = folder / "server.log"
        self._tcp = "127.0.0.1:0"
        self._more = more
        self._process: subprocess.Popen[str] | None = None
        self.console = ""

    @property
    def tcp(self) -> str:
        """HOST:PORT for terminals."""
        return self._tcp

    @property
    def is_running(self) -> bool:
        """False after a kill, a stop, or if it ended by itself."""
        return self._process is not None and self._process.poll() is None

    def start(self, fault: str = "") -> None:
        """Start, or start again after `kill`; returns when it is ready. ServerProblem.

        fault: an order for sync_server.store.faults.
        """
        command = [
            *(sys.executable, "-m", "sync_server", "serve", "--db", f"sqlite:///{self._database}"),
            *("--http", self.http.removeprefix("http://"), "--tcp", self._tcp),
            *self._more,
        ]
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=_root(),
                env=os.environ | ({"CAMPUS_FAULT": fault} if fault else {}),
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            last = self._log.read_text().strip().splitlines()[-1:] or ["it said nothing"]
            raise ServerProblem(f"the server did not start: {last[0]}")
        ready = json.loads(line)
        self.http = ready["http"]
        self._tcp = ready["tcp"]
        self._token = Path(ready["token_file"]).read_text().strip()
        self.console = self.call("POST", "/api/links")["link"]

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is said."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()
            self._process = None

    def stop(self) -> None:
        """End it cleanly; a second call does nothing."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None


def _root() -> Path:
    return Path(__file__).parents[1]
