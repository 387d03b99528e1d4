"""A real server, the real pcscd, and `campus desk` as a command in this process."""

import json
import os
import time

import pytest
from click.testing import CliRunner

from sync_server import cli
from terminal_sim.acr122u import Acr122u
from terminal_sim.field import Field
from terminal_sim.pcscd import SOCKET_VARIABLE, Pcscd
from terminal_sim.server import ServerProcess
from terminal_sim.vpcd import Vpcd
from tools.desk.pcsc import Pcsc


class Counter:
    """field: what lies on the reader. run: the command's exit code, output, errors and result."""

    def __init__(self, folder, server, field):
        self.folder = folder
        self.server = server
        self.field = field

    def lay(self, card):
        """Alone, and until pcscd has seen it: it looks every 0.4 s, and a card that is lifted for
        less is lifted once more."""
        line = Pcsc("")
        end_s = time.monotonic() + 60
        while time.monotonic() < end_s:
            self.field.clear()
            _poll(line, 0.6)
            self.field.put(card)
            if _poll(line, 2.0):
                line.close()
                return
        raise AssertionError("pcscd does not see the card")

    def run(self, act, *more, where=()):
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        named = ["--server", self.server.http, "--token-file", self.folder / "campus.db.token"]
        line = ["desk", act, *named, "--json", result, *where, *more]
        done = CliRunner().invoke(cli.campus, list(map(str, line)), catch_exceptions=False)
        told = json.loads(result.read_text("utf-8")) if result.exists() else {}
        return done.exit_code, done.stdout, done.stderr, told


def _poll(line, seconds):
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        if line.connect():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """-> a server and its folder."""
    folder = tmp_path_factory.mktemp("server")
    made = ServerProcess(folder)
    made.start()
    yield made, folder
    made.stop()


@pytest.fixture(scope="session")
def daemon():
    with Pcscd() as made:
        os.environ[SOCKET_VARIABLE] = made.socket
        yield made


@pytest.fixture
def counter(served, daemon):
    """Behind pcscd."""
    field = Field()
    with Vpcd(Acr122u(field), daemon.port) as end:
        made = Counter(served[1], served[0], field)
        made.end = end
        yield made
