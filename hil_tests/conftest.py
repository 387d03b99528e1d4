"""What is tested: --target emulated (default), or the device of a real board; --reader likewise.

Emulated boards are started once for all tests (emulated/warm.py), and each test goes on from there
in a process of its own (emulated/branch.py). --all runs the long ones too.
"""

from pathlib import Path

import pytest

from hil_tests import tool
from hil_tests.emulated import branch, factory, script, warm
from hil_tests.emulated.board import Board
from hil_tests.emulated.canteen import Canteen, new_flash
from image import base
from protocol import messages

SOLD = 61  # of the 64 records of a sector
LONGEST = ("test_line.py", "test_power.py")


def pytest_addoption(parser):
    parser.addoption("--target", default="emulated", help="emulated, or a board's serial port")
    parser.addoption("--reader", default="emulated", help="emulated, or nfcpy's name of a reader")
    parser.addoption("--all", action="store_true", help="every point of the long tests too")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: only with --all")


def pytest_collection_modifyitems(config, items):
    """Boards go first, all in one process where there are several: what they start from is made
    once, and whoever is done earlier takes over what is quick. Of them the longest go first."""
    here = Path(__file__).parent
    items.sort(key=lambda item: (here not in item.path.parents, item.path.name not in LONGEST))
    if not config.getoption("--all"):
        later = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]


@pytest.fixture(scope="session")
def target(request):
    """The board's name."""
    return request.config.getoption("--target")


@pytest.fixture(scope="session")
def emulated(target):
    """For tests of what no real board can be made to do, or of the emulation itself."""
    if target != "emulated":
        pytest.skip("only an emulated board can be stimulated like that")
    if not base.is_built():
        pytest.fail("no base firmware: make image-base")


@pytest.fixture(scope="session")
def bare(emulated):
    """A board without a terminal, its console waits. For branches only."""
    board = Board(factory.make(b"", None))
    board.run(0.3)
    script.typed(board, "")
    return board


@pytest.fixture(scope="session")
def mpremote(target, request):
    """mpremote([argument...], ...) -> what the real command prints each time, at a board that works
    as no terminal: without key page and config.json."""
    if target == "emulated":
        board = request.getfixturevalue("bare")
        return lambda *commands: branch.of(tool.at_emulated, board, commands)
    return lambda *commands: tool.at_device(target, commands)


@pytest.fixture(scope="session")
def told(target, request, tmp_path_factory):
    """told(script) -> what it prints on such a board."""
    if target == "emulated":
        board = request.getfixturevalue("bare")
        return lambda text: branch.of(script.told, board, text)
    file = tmp_path_factory.mktemp("scripts") / "script.py"

    def run(text):
        file.write_text(text)
        return tool.at_device(target, [["run", str(file)]])[0].strip()

    return run


@pytest.fixture(scope="session")
def is_long(request):
    """True when everything is asked for."""
    return request.config.getoption("--all")


@pytest.fixture(scope="session")
def warmed(emulated):
    """Two boards that have started: a branch can lose one of them and go on with the other.
    -> their states (warm.states)."""
    warm.keep(new_flash(factory.page_of(messages.POS)), 2)
    return warm.states()


@pytest.fixture(scope="session")
def window(warmed):
    """A canteen's window that has met its server, 12.50 yuan entered, and one more warm board; with
    the next record the journal's sector is full but for what a tap may need. For branches only:
    nobody may go on with it here."""
    canteen = Canteen(cards=3, sold=SOLD)
    canteen.ready()
    canteen.enter("12.50#")
    return canteen


@pytest.fixture(scope="session")
def on(window):
    """on((work, arguments...), ...) -> what each work(window, *arguments) returns in a branch."""
    return lambda *works: branch.every([(work[0], window, *work[1:]) for work in works])
