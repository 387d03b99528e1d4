"""The loader of an ESP32-S3, as `esptool` speaks with it: SLIP packets in, SLIP packets out.

ROM loader, and the stub that esptool puts into RAM (its code is not run: from then on the answers
are the stub's). Enough for: detect, read registers and MAC, flash id, write plain and compressed,
MD5, read, erase. Source: Espressif, "Serial Protocol" of esptool, and what esptool 5.6 sends.
What it is not: a processor, security features, encrypted flash. `feed` never waits.

Faults by name: flip@N one bit of what block N puts into flash; drop@N no answer to block N, once;
mute no answer at all; unplug@N the cable is out at block N (Unplugged), once.
"""

import hashlib
import struct
import zlib

FLASH_BYTES = 8 << 20
MAGIC_READ, CHIP_ID = 0x20120707, 9
_FLASH_ID = 0x1740EF  # Winbond W25Q64
_SECTOR = 4096
_EFUSE_MAC = 0x60007044
_SPI_COMMAND, _SPI_OPERATION, _SPI_RESULT = 0x60002000, 0x60002020, 0x60002058
_WATCHDOG, _WATCHDOG_LOCK = 0x60008098, 0x600080B0
_STATUS_OK, _WRONG_CHECKSUM, _UNKNOWN = (0, 0), (1, 7), (1, 5)
_WRONG_DEFLATE = (0xC7, 0)
_JUST_SAY_YES = (0x05, 0x07, 0x0B, 0x0D, 0x0F, 0x04, 0x12)  # memory, attach, baud rate, ends


class Unplugged(Exception):
    """The cable is out."""


class Loader:
    """flash: bytearray, changed in place. mac: 6 bytes. blocks: that were written so far."""

    def __init__(self, flash, mac, fault=""):
        self.flash = flash
        self.mac = mac
        self.fault, _, number = fault.partition("@")
        self._at_block = int(number or 0)
        self.blocks = 0
        self.operations = []
        self.begin()

    def begin(self):
        """A reset into the loader."""
        self.is_stub = False
        self._frame = None
        self._is_escaped = False
        self._registers = {}
        self._reading = None
        self._write_at = 0
        self._inflate = None
        self.watchdog = False  # set, and about to reset the chip

    def feed(self, data):
        """-> bytes to send, for bytes that came."""
        out = b""
        for byte in data:
            if byte == 0xC0:
                if self._frame:
                    out += self._packet(bytes(self._frame))
                self._frame = bytearray()
            elif self._frame is not None:
                if self._is_escaped:
                    self._frame.append({0xDC: 0xC0, 0xDD: 0xDB}.get(byte, byte))
                elif byte != 0xDB:
                    self._frame.append(byte)
                self._is_escaped = byte == 0xDB and not self._is_escaped
        return out

    def _packet(self, packet):
        if self._reading is not None:
            return self._read_on()
        if len(packet) < 8 or packet[0] != 0 or self.fault == "mute":
            return b""
        operation, _, check = struct.unpack("<BHI", packet[1:8])
        data = packet[8:]
        self.operations.append(operation)
        if operation in _JUST_SAY_YES:
            return self._reply(operation)
        serve = _TABLE.get(operation)
        return serve(self, operation, data, check) if serve else self._fail(operation, _UNKNOWN)

    def _reply(self, operation, value=0, data=b"", status=_STATUS_OK):
        body = data + bytes(status) + (b"" if self.is_stub else b"\0\0")
        return slip(struct.pack("<BBHI", 1, operation, len(body), value) + body)

    def _fail(self, operation, status):
        return self._reply(operation, status=status)

    def _sync(self, operation, _data, _check):
        return self._reply(operation, 0 if self.is_stub else MAGIC_READ) * 8

    def _read_register(self, operation, data, _check):
        (address,) = struct.unpack("<I", data[:4])
        values = {
            _EFUSE_MAC: int.from_bytes(self.mac[2:], "big"),
            _EFUSE_MAC + 4: int.from_bytes(self.mac[:2], "big"),
        }
        return self._reply(operation, values.get(address, self._registers.get(address, 0)))

    def _write_register(self, operation, data, _check):
        registers = self._registers
        for at in range(0, len(data) - 15, 16):
            address, value, mask, _ = struct.unpack("<4I", data[at : at + 16])
            registers[address] = registers.get(address, 0) & ~mask | value & mask
            if address == _SPI_COMMAND:
                asked = registers.get(_SPI_OPERATION, 0) & 0xFF
                registers[_SPI_RESULT] = _FLASH_ID if asked == 0x9F else 0
                registers[_SPI_COMMAND] = 0
            if address == _WATCHDOG_LOCK and not value:  # it takes 15 ms, in which this is sent
                self.watchdog = bool(registers.get(_WATCHDOG, 0) >> 31)
        return self._reply(operation)

    def _security(self, operation, _data, _check):
        return self._reply(operation, 0, struct.pack("<IB7sII", 0, 0, bytes(7), CHIP_ID, 0))

    def _run_stub(self, operation, _data, _check):
        answer = self._reply(operation)
        self.is_stub = True
        return answer + slip(b"OHAI")

    def _write_begin(self, operation, data, _check):
        size, _, _, self._write_at = struct.unpack("<4I", data[:16])
        self._inflate = zlib.decompressobj() if operation == 0x10 else None
        self._erase(self._write_at, size)
        return self._reply(operation)

    def _write_block(self, operation, data, check):
        (length,) = struct.unpack("<I", data[:4])
        block = data[16 : 16 + length]
        summed = 0xEF
        for byte in block:
            summed ^= byte
        if summed != check & 0xFF:
            return self._fail(operation, _WRONG_CHECKSUM)
        self.blocks += 1
        due = self.fault if self.blocks == self._at_block else ""
        if due in ("drop", "unplug"):
            self.fault = ""
        if due == "unplug":
            raise Unplugged
        if due == "drop":
            return b""
        try:
            content = self._inflate.decompress(block) if self._inflate else block
        except zlib.error:  # a block that came twice
            return self._fail(operation, _WRONG_DEFLATE)
        if due == "flip" and content:
            content = bytes((content[0] ^ 1,)) + content[1:]
        self.flash[self._write_at : self._write_at + len(content)] = content
        self._write_at += len(content)
        return self._reply(operation)

    def _md5(self, operation, data, _check):
        at, length = struct.unpack("<II", data[:8])
        digest = hashlib.md5(self.flash[at : at + length])
        told = digest.digest() if self.is_stub else digest.hexdigest().encode()
        return self._reply(operation, 0, told)

    def _erase_all(self, operation, _data, _check):
        self._erase(0, len(self.flash))
        return self._reply(operation)

    def _erase_part(self, operation, data, _check):
        self._erase(*struct.unpack("<II", data[:8]))
        return self._reply(operation)

    def _erase(self, at, length):
        end = -(-(at + length) // _SECTOR) * _SECTOR
        if length:
            self.flash[at:end] = b"\xff" * (end - at)

    def _read_begin(self, operation, data, _check):
        at, length, block, _ = struct.unpack("<4I", data[:16])
        self._reading = [at, at, at + length, block]
        return self._reply(operation) + self._read_block()

    def _read_block(self):
        _, here, end, block = self._reading
        self._reading[1] = min(here + block, end)
        return slip(bytes(self.flash[here : self._reading[1]]))

    def _read_on(self):
        first, here, end, _ = self._reading
        if here < end:
            return self._read_block()
        self._reading = None
        return slip(hashlib.md5(self.flash[first:end]).digest())


def slip(packet):
    """-> the packet as it is sent."""
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


_TABLE = {
    0x02: Loader._write_begin,
    0x03: Loader._write_block,
    0x06: Loader._run_stub,
    0x08: Loader._sync,
    0x09: Loader._write_register,
    0x0A: Loader._read_register,
    0x10: Loader._write_begin,
    0x11: Loader._write_block,
    0x13: Loader._md5,
    0x14: Loader._security,
    0xD0: Loader._erase_all,
    0xD1: Loader._erase_part,
    0xD2: Loader._read_begin,
}
