"""Which board is tested: --target emulated (default), or the device of a real one.

Emulated boards are started once for all tests (emulated/warm.py), and each test goes on from there
in a process of its own (emulated/branch.py). --all runs the long ones too.
"""

import pytest

from hil_tests.emulated import branch, factory, warm
from hil_tests.emulated.canteen import Canteen, new_flash
from image import base
from protocol import messages


def pytest_addoption(parser):
    parser.addoption("--target", default="emulated", help="emulated, or a board's serial port")
    parser.addoption("--all", action="store_true", help="every point of the long tests too")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: only with --all")


def pytest_collection_modifyitems(config, items):
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
    """A canteen's window that has met its server, 12.50 yuan entered, and one more warm board. For
    branches only: nobody may go on with it here."""
    canteen = Canteen()
    canteen.ready()
    canteen.enter("12.50#")
    return canteen


@pytest.fixture(scope="session")
def on(window):
    """on((work, arguments...), ...) -> what each work(window, *arguments) returns in a branch."""
    return lambda *works: branch.every([(work[0], window, *work[1:]) for work in works])
