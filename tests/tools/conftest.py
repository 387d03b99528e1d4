"""Files once, a bench and a server for each test that asks."""

import pytest

from terminal_sim.server import ServerProcess
from tests.tools.bench import Bench, Files


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("files"))


@pytest.fixture
def bench(tmp_path, files):
    made = Bench(tmp_path, files)
    yield made
    made.stop()


@pytest.fixture
def server(tmp_path):
    made = ServerProcess(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def claim(server):
    """claim(boxes, ...) -> what the office got."""

    def make(boxes=10, **other):
        wish = {"kind": "pos", "place": "一食堂", "merchant": "饭", "boxes": boxes, "days": 1}
        return server.call("POST", "/api/claims", wish | other)

    return make
