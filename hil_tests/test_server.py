"""A board against `campus serve` itself: enrolled, sold at, in the database to the fen."""

import pytest

from hil_tests.emulated import branch, factory, warm
from hil_tests.emulated.bridge import Bridge
from hil_tests.emulated.canteen import CONFIG
from hil_tests.emulated.wires import PanelWire, ReaderWire
from terminal_sim.field import Field
from terminal_sim.mifare import MifareClassic
from terminal_sim.server import ServerProcess

UID = bytes.fromhex("5a010203")
FEN = 10_000


def bought(folder):
    """-> (rows of the panel, records that the server has, balance on its side)."""
    server = ServerProcess(folder)
    server.start()
    try:
        return _bought(server)
    finally:
        server.stop()


def _bought(server):
    number, page = server.enrol("pos", "window 1", "canteen")
    wish = {
        "holder_kind": 2, "name": "A", "uid": UID.hex(), "valid_until": "2037-12-31",
        "zones": 1, "balance_fen": FEN,
    }  # fmt: skip
    ((card, blocks),) = server.issue([wish])
    board = warm.take(factory.make(page, CONFIG))
    field = Field()
    ReaderWire(board, field)
    panel = PanelWire(board)
    bridge = Bridge(board, server.tcp)
    board.wait(30, lambda: panel.face.shows("请刷卡"), "the server is not met")
    panel.press("12.50#")
    board.wait(5, lambda: panel.face.shows("应付"), "no amount")
    field.put(MifareClassic(UID, blocks))
    board.wait(5, lambda: panel.beeps, "no beep")
    board.run(3)
    bridge.close()
    return list(panel.face.rows), server.records(number), card


@pytest.mark.long
def test_a_purchase_is_in_the_database(warmed, tmp_path):
    rows, records, card = branch.of(bought, tmp_path)
    assert rows[:3] == ["支付成功", "支付 12.50 元", "余额 87.50 元"]
    assert len(records) == 1
    _, _, _, reason, _, of_card, amount_fen = records[0]
    assert (reason, of_card, amount_fen) == (0, card, 1250)
