"""Imports run one way (docs/README.md), read from the syntax trees."""

import pytest

from tests.structure.tree import PACKAGES, files, imports, parse

# The standard library of the shared dialect.
PURE = {"struct", "binascii", "hashlib", "collections.namedtuple", "micropython.const"}
NOT_SERVER_IO = {
    "socket", "asyncio", "sqlite3", "sqlite_utils", "flask", "os", "pathlib", "time", "threading",
    "random", "select", "subprocess", "uvloop", "waitress",
}  # fmt: skip

# folder or file -> (what of ours it may import, what else; None: anything). Longest prefix wins.
# On a terminal a few files and the boards wait; all else there is pure.
ARROWS = {
    "protocol/": ({"protocol"}, PURE),
    "protocol/aes.py": ({"protocol"}, PURE | {"cryptolib", "cryptography"}),
    "card_layout/": ({"card_layout", "protocol.aes"}, PURE),
    "card_layout/native/": ({"card_layout"}, {"micropython"}),
    "firmware/": ({"firmware", "protocol", "card_layout"}, PURE),
    "firmware/core/": (
        {"firmware.core", "firmware.credential", "firmware.kinds", "firmware.screens",
         "protocol", "card_layout"}, PURE),
    "firmware/credential/": (
        {"firmware.core", "firmware.credential", "protocol", "card_layout"}, PURE),
    "firmware/kinds/": ({"firmware.core", "firmware.kinds", "protocol", "card_layout"}, PURE),
    "firmware/screens/": ({"firmware.screens", "protocol"}, PURE),
    "firmware/screens/picture.py": ({"firmware.screens"}, PURE | {"framebuf", "binascii"}),
    "firmware/drivers/": (
        {"firmware.drivers", "firmware.credential.air", "protocol", "card_layout"}, PURE),
    "firmware/boards/": ({"firmware", "protocol", "card_layout"}, None),
    "firmware/run.py": (
        {"firmware", "protocol", "card_layout"}, PURE | {"asyncio", "gc", "json", "sys"}),
    "firmware/safe.py": ({"firmware", "protocol"}, PURE | {"asyncio", "gc", "sys"}),
    "firmware/linking.py": ({"protocol"}, PURE | {"asyncio", "gc"}),
    "firmware/reading.py": ({"firmware.drivers"}, PURE | {"asyncio"}),
    "firmware/securing.py": ({"firmware.drivers", "firmware.credential"}, PURE | {"asyncio"}),
    "firmware/metering.py": ({"firmware.drivers"}, PURE | {"asyncio"}),
    "firmware/doorway.py": (
        {"firmware.core.holder", "firmware.screens.render"}, PURE | {"asyncio"}),
    "firmware/showing.py": (
        {"firmware.screens.picture", "firmware.drivers"}, PURE | {"asyncio", "framebuf"}),
    "firmware/drivers/ili9341.py": (set(), PURE | {"framebuf"}),
    "firmware/boot.py": ({"firmware"}, None),
    "firmware/manifest.py": (set(), set()),
    "sync_server/": ({"sync_server", "protocol", "card_layout"}, None),
    "sync_server/core/": ({"sync_server.core", "protocol", "card_layout"}, None),
    "sync_server/store/": ({"sync_server.store", "sync_server.core", "protocol"}, None),
    "terminal_sim/": ({"terminal_sim", "protocol", "card_layout"}, None),
    # which sectors of the flash hold the keys is known to firmware.core.layout alone
    "terminal_sim/terminal.py": (
        {"terminal_sim", "protocol", "card_layout", "firmware.core.layout"}, None),
    "terminal_sim/gears/": (set(PACKAGES), None),
    "image/": (
        {"image", "terminal_sim.image", "terminal_sim.flash", "firmware.core", "protocol"}, None),
    "image/font.py": ({"terminal_sim.font", "firmware.screens", "protocol"}, None),
    "image/CAMPUS_TERM/": (
        {"firmware.boot", "firmware.boards", "firmware.core.slots", "protocol.keypage"}, None),
    "bench/": (set(PACKAGES), None),
    "docs/": (set(PACKAGES), None),
}  # fmt: skip


def rule_of(path):
    """-> the rule of the longest prefix."""
    return ARROWS[max((key for key in ARROWS if path.startswith(key)), key=len)]


def faults(path, text):
    """Yield what a file imports and may not."""
    ours, others = rule_of(path)
    for line, name in imports(parse(text)):
        top = name.split(".")[0]
        if top in PACKAGES:
            if not any(name == may or name.startswith(may + ".") for may in ours):
                yield f"{path}:{line}: may not import {name}"
        elif others is not None and not _allowed(name, others):
            yield f"{path}:{line}: {name} is not in the shared dialect"
        elif path.startswith("sync_server/core/") and top in NOT_SERVER_IO:
            yield f"{path}:{line}: the server's core does no I/O, {name} does"


def _allowed(name, others):
    return any(name == may or name.startswith(may + ".") for may in others)


def every():
    return files(*[p for p in PACKAGES if p not in ("tests", "tools", "hil_tests")])


# shows R23
def test_imports_run_one_way():
    assert [fault for path, text in every() for fault in faults(path, text)] == []


def test_only_the_gears_see_firmware_and_server_cores():
    seen = [
        path
        for path, text in files("terminal_sim")
        if {"firmware", "sync_server"} <= {name.split(".")[0] for _, name in imports(parse(text))}
    ]
    assert [path for path in seen if not path.startswith("terminal_sim/gears/")] == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("protocol/cobs.py", "import time\n"),
        ("protocol/frame.py", "from firmware.core import tap\n"),
        ("card_layout/keys.py", "from protocol import session\n"),
        ("firmware/core/tap.py", "import machine\n"),
        ("firmware/kinds/pos.py", "from firmware.credential import m1\n"),
        ("firmware/credential/m1.py", "from firmware.kinds import pos\n"),
        ("sync_server/core/ingest.py", "import sqlite3\n"),
        ("sync_server/core/ingest.py", "from sync_server.store import sqlite\n"),
        ("sync_server/store/records.py", "from sync_server.gateway import commit\n"),
        ("firmware/run.py", "import socket\n"),
        ("protocol/frame.py", "from . import cobs\n"),
        ("terminal_sim/replay.py", "from sync_server.core import ingest\n"),
    ],
)
def test_the_check_can_fail(path, text):
    assert list(faults(path, text))
