"""Each fault ends in a sentence that says what to do, and the next run goes on where it was.

All through the command, as a technician runs it, with a kit (no server needed) where keys are made.
"""

import json

import pytest
import serial

from image import build
from protocol import claim as seals
from protocol import keypage, manifest
from sync_server.gateway.claims import Claims
from sync_server.keyring import Keyring
from sync_server.store.store import Store
from tools.flashing import ports

SLOT1_END = 1179648
ONE = "e661410400000001"


class Kit:
    """What an office makes, without its server."""

    def __init__(self, folder, kind="pos", boxes=4):
        self.store = Store(f"sqlite:///{folder / 'kit.db'}")
        self.keyring = Keyring.beside(folder / "kit.db")
        self.claims = Claims(
            self.store, self.keyring, lambda work, *args: work(*args), self.store.terminals.get
        )
        wish = {"kind": kind, "place": "食堂", "merchant": "饭", "boxes": boxes, "days": 1}
        self.made = self.claims.make(wish | {"kit": True})
        self.file = folder / "kit.json"
        self.file.write_text(json.dumps(self.made))
        self.options = ("--kit", self.file, "--claim", self.made["code"])


@pytest.fixture
def kit(tmp_path):
    made = Kit(tmp_path)
    yield made
    made.store.close()


def row_of(bench, number=0):
    return bench.report()["boards"][number]


def test_a_whole_board_by_a_kit_and_what_the_files_say(bench, kit):
    board = bench.rp2(1)
    status, said, log = bench.flash(*kit.options, "--lang", "en")
    assert status == 0, said + log
    assert "reader: PN532 1.6" in said and "done" in said
    flash = board.flash.read_bytes()
    page = keypage.unpack(flash[1179648 : 1179648 + keypage.SIZE])
    assert page.number == 1
    asked = json.loads((bench.work / "enrolment.json").read_text())["questions"][ONE]
    secret = [page.enrolment, page.sector_a, page.sector_b, page.purse]
    for path in bench.work.iterdir():
        raw = path.read_bytes()
        assert not any(key in raw or key.hex().encode() in raw for key in secret), path.name
    answer = kit.claims.use(bytes.fromhex(asked["claim"]), bytes.fromhex(asked["sealed"]))
    assert answer and kit.keyring.show(
        b"campus-card own key", kit.store.terminals.get(1)["own_key"]
    )
    assert kit.keyring.terminal_key(1, 1) != page.enrolment


def test_a_cable_that_drops_again_and_again_but_not_for_ever(bench, kit):
    board = bench.rp2(1, "drops@60000")
    status, said, log = bench.flash(*kit.options)
    assert status == 0, said + log
    assert board.unplugged >= 1


def test_a_cable_that_lets_nothing_through(bench, kit):
    board = bench.rp2(1, boot=False)
    board.fault, board._value = "drops", 200
    status, said, _ = bench.flash(*kit.options, "--wait", "0.5")
    assert status == 1 and row_of(bench)["fault"] in ("dropping", "loops"), said


def test_unplugged_at_60_percent_and_put_in_again(bench, kit):
    board = bench.rp2(1, "unplug@90000")
    status, _, _ = bench.flash(*kit.options, patience=1)
    assert status == 1
    row = row_of(bench)
    assert row["fault"] == "gone" and "插紧" in row["says"]
    slot = build.slot_of(bench.files.image.read_bytes())
    there = board.flash.read_bytes()[655360:]
    blocks = [slot[at : at + 4096] == there[at : at + 4096] for at in range(0, len(slot), 4096)]
    assert blocks.count(True) - slot.count(b"\xff" * 4096) >= 10  # it had come some way
    board.plug()
    heard = board.heard
    assert bench.flash(*kit.options)[0] == 0
    a_block = 4096 * 4 // 3 + 100
    assert board.heard - heard < (blocks.count(False) + 8) * a_block  # and went on from there


@pytest.mark.parametrize(
    ("fault", "name", "says"),
    [
        ("mute", "mute", "按住 BOOT"),
        ("flip@3", "md5", "换线"),
        ("drop@3", "lost_reply", "短的线"),
        ("unplug@b3", "gone", "插紧"),
    ],
)
def test_an_esp32_with_a_fault(bench, kit, fault, name, says):
    board = bench.esp32(1, fault)
    status, said, _ = bench.flash(*kit.options, patience=1)
    row = row_of(bench)
    assert status == 1 and row["fault"] == name and says in row["says"], said
    if name in ("md5", "lost_reply"):
        assert bench.flash(*kit.options)[0] == 0
    if name == "gone":
        board.holds_boot = True
        board.plug()
        assert bench.flash(*kit.options)[0] == 0


@pytest.mark.parametrize("make", ["rp2", "esp32"])
def test_a_board_that_resets_in_a_loop(bench, kit, make):
    board = getattr(bench, make)(1)
    assert bench.flash(*kit.options)[0] == 0
    board.fault = "loops"
    status, said, _ = bench.flash(*kit.options, "--wait", "2")
    assert status == 1 and row_of(bench)["fault"] == "loops", said
    assert "反复重启" in said


def test_two_boards_with_one_id_are_both_refused_by_name(bench, kit, tmp_path):
    bench.rp2(1, boot=False)
    other = tmp_path / "other"
    other.mkdir()
    twin = type(bench.boards[0])(bytes.fromhex(ONE), other)
    twin.flash.write_bytes(bench.boards[0].flash.read_bytes())
    twin.plug()
    bench._on(twin)
    status, said, _ = bench.flash("--port", other / "tty-*", *kit.options)
    rows = bench.report()["boards"]
    assert status == 1 and [row["fault"] for row in rows] == ["same_id"] * 2
    assert ONE in rows[0]["says"] and str(twin.link) in rows[0]["says"], said


def test_a_terminal_is_not_enrolled_again_by_mistake(bench, kit, tmp_path):
    bench.rp2(1)
    assert bench.flash(*kit.options)[0] == 0
    bench.work = tmp_path / "another laptop"
    assert bench.flash(*kit.options)[0] == 1
    assert row_of(bench)["fault"] == "already" and "--journal" in row_of(bench)["says"]
    assert bench.flash(*kit.options, "--anew")[0] == 0


def test_the_server_cannot_be_reached_and_later_it_can(bench, server, claim):
    bench.rp2(1)
    code = claim(1)["code"]
    server.kill()
    options = ("--server", server.http, "--claim", code)
    assert bench.flash(*options)[0] == 1
    row = row_of(bench)
    assert (row["fault"], row["state"]) == ("no_server", "image") and "--kit" in row["says"]
    server.start()
    assert bench.flash(*options)[0] == 0
    assert row_of(bench)["terminal"] == 1


def test_what_was_set_up_without_a_network_is_handed_in_later(bench, server, claim, tmp_path):
    made = claim(2, kit=True)
    kit = tmp_path / "kit.json"
    kit.write_text(json.dumps(made))
    bench.rp2(1)
    bench.esp32(2)
    status, said, log = bench.flash("--kit", kit, "--claim", made["code"])
    assert status == 0, said + log
    file = bench.work / "enrolment.json"
    for _ in range(2):  # twice does no harm
        status, said, log = bench.campus(file, "--server", server.http, command="enrol")
        assert status == 0 and said.count("✓") == 2, said + log
    server.kill()
    status, said, _ = bench.campus(file, "--server", server.http, command="enrol")
    assert status == 1 and "检查网络" in said


def test_a_full_disk_of_the_laptop(bench, kit):
    bench.rp2(1)
    status, _, log = bench.flash(*kit.options, "--json", "/dev/full")
    assert status == 4 and "磁盘满了" in log
    assert bench.state()[ONE]["state"] == "done"  # nothing is lost
    assert bench.flash(*kit.options)[0] == 0


def test_a_reader_that_is_not_connected_is_told_by_its_pins(bench, kit):
    bench.rp2(1, has_reader=False)
    status, said, _ = bench.flash(*kit.options)
    assert status == 1 and "检查引脚 0→RXD、1→TXD" in said
    assert row_of(bench)["fault"] == "test_failed"
    assert bench.flash(*kit.options, "--skip", "reader")[0] == 0


def test_the_wrong_code_and_a_damaged_kit(bench, kit):
    other = seals.code_of(bytes(20))
    for code in (other, "12"):
        status, _, log = bench.flash("--kit", kit.file, "--claim", code)
        assert status == 2 and "领取码" in log
    kit.file.write_text(kit.file.read_text()[:100])
    status, _, log = bench.flash(*kit.options)
    assert status == 2 and "重新拷贝" in log


def test_a_dry_run_writes_nothing_anywhere(bench, kit):
    bench.rp2(1)
    board = bench.rp2(2, boot=False)
    was = board.flash.read_bytes()
    status, said, _ = bench.flash(*kit.options, "--dry-run")
    assert status == 0 and "BOOTSEL" in said and "RP2040" in said
    assert not bench.work.exists()
    assert board.flash.read_bytes()[:1179648] == was[:1179648]


def test_a_board_with_a_newer_image_is_left_alone_unless_it_is_wanted(bench, kit):
    board = bench.rp2(1)
    assert bench.flash(*kit.options)[0] == 0
    board.unplug()
    head = manifest.parse(bench.files.image.read_bytes())
    newer = bytes(manifest.pack(head._replace(version=(9, 0, 0)))) + bytes(64)
    with open(board.flash, "r+b") as file:
        file.seek(SLOT1_END - 4096)
        file.write(newer)
    board.plug()
    assert bench.flash(*kit.options)[0] == 1
    assert row_of(bench)["fault"] == "older" and "9.0.0" in row_of(bench)["says"]
    assert bench.flash(*kit.options, "--downgrade")[0] == 0
    flash = board.flash.read_bytes()
    assert flash[SLOT1_END - 4096 : SLOT1_END] == b"\xff" * 4096  # or it would be started


def test_another_micropython_is_replaced_through_the_boot_drive(bench, kit):
    boards = [bench.rp2(n, boot=False, is_other=True) for n in (1, 2)]
    status, said, log = bench.flash(*kit.options)
    assert status == 0, said + log
    assert [board.taken for board in boards] == [1, 1]


def test_without_a_base_file_another_micropython_is_left_alone(bench, kit):
    board = bench.rp2(1, boot=False, is_other=True)
    image = ("--image", bench.files.image, "--trust", f"1={bench.files.public}")
    assert bench.campus(*image, *kit.options)[0] == 1
    assert row_of(bench)["fault"] == "base_needed" and board.taken == 0


def test_ports_are_found_by_their_usb_ids(monkeypatch):
    class Info:
        def __init__(self, device, vid, pid):
            self.device, self.vid, self.pid, self.serial_number = device, vid, pid, "s"

        def __lt__(self, other):
            return self.device < other.device

    there = [
        Info("b", 0x303A, 0x1001),
        Info("a", 0x2E8A, 5),
        Info("c", 0x1234, 5),
        Info("d", None, None),
    ]
    monkeypatch.setattr(ports.list_ports, "comports", lambda: there)
    assert ports.ports(()) == [("a", ports.RP2, "s"), ("b", ports.ESP32S3, "s")]
    assert ports.is_there("a", ()) and not ports.is_there("c", ())


def test_a_port_that_another_program_has(bench, kit):
    board = bench.rp2(1, boot=False)
    with serial.Serial(str(board.link), exclusive=True):
        assert bench.flash(*kit.options)[0] == 1
    assert row_of(bench)["fault"] == "busy" and "关掉其他串口程序" in row_of(bench)["says"]
    assert bench.flash(*kit.options)[0] == 0


def test_nobody_there(bench, kit):
    status, _, log = bench.flash(*kit.options)
    assert status == 3 and "没有找到板子" in log


def test_drives_are_told_apart_by_what_they_say(tmp_path):
    for name, told in (("a", "Board-ID: RPI-RP2\r\n"), ("b", "Board-ID: SAMD21\r\n"), ("c", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "INFO_UF2.TXT").write_text("UF2 Bootloader\r\n" + told)
    assert ports.drives([str(tmp_path / "*")]) == [tmp_path / "a"]
