"""Wireshark's own tshark reads a captured line through tools/campus.lua."""

import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from bench.plain_terminal import Tape
from protocol import frame, messages
from protocol.session import SERVER, TERMINAL, Session
from sync_server.gateway.keylog import KeyLog
from sync_server.gateway.push import BLACKLIST
from tests.shared.pair import ADDRESS, KEY, deliver, derive_with, sent, side
from tests.sync_server.test_serial import rigged, run, until

LUA = Path(__file__).parents[2] / "tools" / "campus.lua"
USER0, ETHERNET = 147, 1
EPOCH = 77


def pcap(path, link_type, packets):
    """Write a capture: (seconds, bytes) each."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link_type))
        for at_s, data in packets:
            whole_s, part_s = divmod(at_s, 1)
            head = struct.pack("<IIII", int(whole_s), int(part_s * 1e6), len(data), len(data))
            file.write(head + data)


def tshark(capture, *arguments, keys=None):
    """-> what tshark prints."""
    assert shutil.which("tshark"), "tshark is missing: apt-get install tshark (make setup)"
    log = ["-o", f"campus.keylog:{keys}"] if keys else []
    done = subprocess.run(
        ["tshark", "-X", f"lua_script:{LUA}", *log, "-r", str(capture), *arguments],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(capture.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Lua" not in done.stderr, done.stderr
    return done.stdout


def rows(capture, *fields, keys=None, only="campus"):
    """-> the values of these fields, a list for each packet."""
    wanted = [word for field in fields for word in ("-e", field)]
    shown = tshark(capture, "-Y", only, "-T", "fields", *wanted, keys=keys)
    return [line.split("\t") for line in shown.splitlines()]


def bounded(log):
    """Stretches of a bus joined to one packet a frame; without what a busy machine made collide."""
    packets, held = [], b""
    for at_s, data in log:
        held += data
        while b"\0" in held:
            one, held = held.split(b"\0", 1)
            if frame.Receiver().feed(one + b"\0"):
                packets.append((at_s, one + b"\0"))
    return packets


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    """(capture, key log) of two terminals on a bus: hello, reports, a batch, a push."""
    folder = tmp_path_factory.mktemp("line")
    keys = folder / "keys.txt"
    found = []

    async def story():
        async with rigged(2, key_log=KeyLog(keys)) as rig:
            rig.bus.log = found
            one, two = (rig.slave(1), rig.slave(2))
            await one.join(EPOCH)
            await two.join(EPOCH)
            await one.ask(messages.BATCH, (), Tape(1).take(3))
            version = rig.store.change([4711])
            rig.gateway.pusher.changed(BLACKLIST, version, rig.gateway.live.values())
            await until(lambda: one.cards == two.cards == {4711})
            await two.report()

    run(story)
    capture = folder / "line.pcap"
    pcap(capture, USER0, bounded(found))
    return capture, keys


def test_every_frame_is_shown_with_address_kind_and_a_good_crc(captured):
    capture, _ = captured
    seen = rows(capture, "campus.address", "campus.kind", "campus.crc")
    assert {row[0] for row in seen} == {"1", "2"}
    assert {int(row[1]) for row in seen} == {
        frame.HELLO, frame.CHALLENGE, frame.TERMINAL_REQUEST, frame.SERVER_REPLY,
        frame.SERVER_REQUEST, frame.TERMINAL_REPLY, frame.POLL,
    }  # fmt: skip
    assert all(row[2].startswith("0x") for row in seen)
    assert rows(capture, "campus.crc", only="campus.bad_crc || campus.no_frame") == []
    hello = rows(capture, "campus.epoch", "campus.address", only="campus.kind == 1")
    assert [str(EPOCH), "1"] in hello
    assert {row[0] for row in rows(capture, "campus.bit", only="campus.bit")} == {"0", "1"}


def test_without_the_keys_nothing_is_readable_and_with_them_every_message_is(captured):
    capture, keys = captured
    assert rows(capture, "campus.message", only="campus.message") == []
    sealed = rows(capture, "campus.counter", only="campus.sealed", keys=keys)
    opened = rows(capture, "campus.message", only="campus.message", keys=keys)
    assert len(opened) == len(sealed) >= 12
    assert {int(row[0], 16) for row in opened} >= {
        messages.REPORT, messages.STATE, messages.BATCH, messages.ANSWERS, messages.DELTA,
        messages.LIST_STATE,
    }  # fmt: skip
    assert rows(capture, "campus.counter", only="campus.bad_tag", keys=keys) == []
    batches = rows(capture, "campus.records", only="campus.message == 0x02", keys=keys)
    assert batches and all(row == ["3"] for row in batches)  # said again on a busy machine
    delta = rows(capture, "campus.m.before", "campus.m.after", only="campus.message == 0x41",
                 keys=keys)  # fmt: skip
    assert delta and all(row == ["0", "1"] for row in delta)
    said = tshark(capture, keys=keys)
    assert "1 terminal request BATCH" in said and "2 server reply STATE" in said


def test_the_key_of_another_session_opens_nothing_and_is_said(captured, tmp_path):
    capture, keys = captured
    wrong = tmp_path / "wrong.txt"
    lines = [line.split(" ") for line in keys.read_text().splitlines()]
    wrong.write_text("".join(f"{' '.join(line[:3])} {'5a' * 32}\n" for line in lines))
    assert rows(capture, "campus.message", only="campus.message", keys=wrong) == []
    assert rows(capture, "campus.counter", only="campus.bad_tag", keys=wrong)


def test_a_damaged_frame_is_marked_and_the_next_one_is_whole(captured, tmp_path):
    good = frame.pack(300, frame.REJECT, b"\x61")
    bad = bytearray(good)
    bad[4] ^= 4
    capture = tmp_path / "damaged.pcap"
    pcap(capture, USER0, [(1, bytes(bad)), (2, b"\x09\x01\0"), (3, b"\0\0" + bytes(bad) + good)])
    shown = tshark(capture, "-T", "fields", "-e", "frame.number", "-Y", "campus.bad_crc").split()
    assert shown == ["1", "3"]
    shown = tshark(capture, "-T", "fields", "-e", "frame.number", "-Y", "campus.no_frame").split()
    assert shown == ["2"]
    assert rows(capture, "campus.reason", only="campus.reason") == [["97"]]


# TCP


def segment(source, target, sequence, data):
    """An Ethernet frame with one TCP segment on loopback addresses, checksums left out."""
    tcp = struct.pack(">HHIIBBHHH", source, target, sequence, 1, 0x50, 0x18, 8192, 0, 0) + data
    ip = (
        struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + bytes((127, 0, 0, 1)) * 2
    )
    return bytes(12) + b"\x08\x00" + ip + tcp


def test_a_session_over_tcp_in_odd_segments(tmp_path):
    """The same session rules by hand; a frame over three segments, two frames in one."""
    keys = KeyLog(tmp_path / "keys.txt")
    terminal = side(TERMINAL, 1)
    server = Session(SERVER, ADDRESS, keys.watching(ADDRESS, derive_with(KEY)), os.urandom)
    hello = terminal.hello(EPOCH)
    challenge = sent(deliver(server, hello))
    deliver(terminal, challenge)
    request = terminal.request(messages.encode(messages.BATCH, (), bytes(3200)))
    deliver(server, request)
    reply = server.reply(messages.encode(messages.ANSWERS, (), bytes(100)))
    push = server.request(messages.encode(messages.NEWS, (0, 9)))
    packets, at = [], {7400: 1, 50000: 1}
    for source, data in (
        (50000, hello), (7400, challenge), (50000, request[:1000]), (50000, request[1000:1001]),
        (50000, request[1001:]), (7400, reply + push),
    ):  # fmt: skip
        target = 57400 - source
        packets.append((len(packets), segment(source, target, at[source], data)))
        at[source] += len(data)
    capture = tmp_path / "tcp.pcap"
    pcap(capture, ETHERNET, packets)
    shown = rows(capture, "frame.number", "campus.message", keys=tmp_path / "keys.txt",
                 only="campus.message")  # fmt: skip
    assert shown == [["5", "0x02"], ["6", "0x82,0x42"]]
    news = rows(capture, "campus.m.version", keys=tmp_path / "keys.txt", only="campus.m.version")
    assert news == [["9"]]


def test_the_dissector_knows_every_message_kind_and_field():
    text = LUA.read_text(encoding="utf-8")
    for kind, name in enumerate(frame.KIND_NAMES[1:], 1):
        assert f'[{kind}] = "{name}"' in text
    laid = {}
    for number, fields in re.findall(r"\[(0x\w\w)\] = \{ (\{.*?\}) \},?\n", text, re.DOTALL):
        laid[int(number, 16)] = re.findall(r'\{ "(\w+)", (\d+) \}', fields)
    for number, name, _, letters, names, _ in messages.rows():
        assert f'[0x{number:02X}] = "{name}"' in text
        sizes = [struct.calcsize(">" + one) for one in re.findall(r"\d*[A-Za-z]", letters)]
        wanted = [(n, str(size)) for n, size in zip(names.split(), sizes, strict=True)]
        assert laid.get(number, []) == wanted, name
