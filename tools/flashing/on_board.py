"""Runs on the board, in its console: looks, reads, writes and tests when it is asked to.

Each function prints one line, JSON where it is more than a word. It needs no firmware of ours but
for the test of the reader. Keys are written and never printed. Works on an RP2040 with our base
firmware (`flash_map`) and on an ESP32-S3 with our partition table.
"""

import binascii
import hashlib
import json
import os
import sys
import time

import machine

BLOCK = 4096
PAGE = 128
READER_MS = 1000


def _part(name):
    """The block device of slot0, slot1 or data; None where there is none."""
    try:
        import flash_map
    except ImportError:
        try:
            from esp32 import Partition
        except ImportError:
            return None
        found = Partition.find(Partition.TYPE_DATA, label=name)
        return found[0] if found else None
    if name == "data":
        return flash_map.data()
    return flash_map.slot(int(name[-1]))


def _calm():
    """A watchdog of the terminal that ran until now would reset the chip in the middle."""
    if sys.platform == "rp2":
        machine.mem32[0x40058000 + 0x3000] = 1 << 30  # WATCHDOG.CTRL, cleared: ENABLE


def look():
    """Who the board is and what it has."""
    _calm()
    heads = []
    for name in ("slot0", "slot1"):
        part = _part(name)
        head = bytearray(160)
        if part:
            part.readblocks(part.ioctl(4, 0) - 1, head, 0)
        heads.append(binascii.hexlify(head).decode())
    told = {
        "id": binascii.hexlify(machine.unique_id()).decode(),
        "machine": sys.implementation._machine,
        "python": ".".join([str(n) for n in sys.implementation.version[:3]]),
        "ours": _part("data") is not None,
        "heads": heads,
        "terminal": _terminal(),
    }
    print(json.dumps(told))


def _terminal():
    """[number, kind] of a key page; its keys are not told."""
    part = _part("data")
    if not part:
        return None
    page = bytearray(PAGE)
    part.readblocks(0, page, 0)
    crc = binascii.crc32(page[: PAGE - 4]).to_bytes(4, "big")
    if page[:8] != b"CAMPUSK1" or page[PAGE - 4 :] != crc:
        return None
    return [page[8] << 8 | page[9], page[10]]


def digests(name, first, count):
    """8 bytes of SHA-256 of each block, one after the other."""
    part, block, told = _part(name), bytearray(BLOCK), []
    for number in range(first, first + count):
        part.readblocks(number, block, 0)
        told.append(binascii.hexlify(hashlib.sha256(block).digest()[:8]).decode())
    print("".join(told))


def put(name, number, text):
    """Erase a block, program it, tell the digest of what it reads back."""
    part = _part(name)
    part.ioctl(6, number)
    part.writeblocks(number, binascii.a2b_base64(text), 0)
    digests(name, number, 1)


def get(name, number):
    """A block, in base64."""
    block = bytearray(BLOCK)
    _part(name).readblocks(number, block, 0)
    print(binascii.b2a_base64(block).decode().strip())


def entropy():
    """32 bytes of the chip's random generator."""
    print(binascii.hexlify(os.urandom(32)).decode())


def write_file(path, text):
    """A file, whole or not at all."""
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)
    with open(path) as file:
        print(file.read() == text)


def test_flash():
    """A file of two blocks: written, read back, removed."""
    content = bytes(range(256)) * 32
    with open("selftest.bin", "wb") as file:
        file.write(content)
    with open("selftest.bin", "rb") as file:
        whole = file.read() == content
    os.remove("selftest.bin")
    print(whole)


def ticks():
    """Milliseconds by the board's clock: the laptop looks at its own."""
    print(time.ticks_ms())


def test_pins(pins):
    """Each output up and down again. -> names of those that do not follow."""
    stuck = []
    for name, number in pins.items():
        pin = machine.Pin(number, machine.Pin.OUT, value=0)
        pin.value(1)
        time.sleep_ms(50)
        high = pin.value()
        pin.value(0)
        time.sleep_ms(5)
        if not high or pin.value():
            stuck.append(name)
    print(json.dumps(stuck))


def test_reader(uart, baud, tx, rx):
    """The PN532's chip and version, or why not: silent, nonsense."""
    if "/slot" not in sys.path:
        sys.path.insert(0, "/slot")
    from firmware.drivers import pn532

    port = machine.UART(uart, baudrate=baud, tx=machine.Pin(tx), rx=machine.Pin(rx))
    try:
        print(json.dumps(_ask_reader(pn532, port)))
    finally:
        port.deinit()


def _ask_reader(pn532, port):
    chip = pn532.Pn532()
    port.write(pn532.WAKE_UP + pn532.ACK)
    answer = None
    for code, data in pn532.SET_UP:
        port.write(chip.begin(code, data))
        answer = None
        end_ms = time.ticks_add(time.ticks_ms(), READER_MS)
        while answer is None and time.ticks_diff(end_ms, time.ticks_ms()) > 0:
            if port.any():
                try:
                    answer = chip.feed(port.read(port.any()))
                except pn532.ReaderFault:
                    return "nonsense"
        if answer is None:
            return "silent"
    return "PN5%02X %d.%d" % (answer[0], answer[1], answer[2])
