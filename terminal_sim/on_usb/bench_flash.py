"""A board's flash in a file, block devices over parts of it, and this chip's map of them.

Environment, set by the bench: BENCH_FLASH path of the file; BENCH_CHIP rp2, rp2-other
(without our flash map) or esp32s3; BENCH_MAP
name=first:bytes;... of the parts.
"""

import os

BLOCK = 4096
_file = open(os.getenv("BENCH_FLASH"), "r+b")  # noqa: SIM115 for as long as the board has power
CHIP = os.getenv("BENCH_CHIP")
PARTS = {}
for _part in os.getenv("BENCH_MAP").split(";"):
    _name, _where = _part.split("=")
    PARTS[_name] = tuple([int(_n) for _n in _where.split(":")])


class Device:
    """A block device from `first` for `length` bytes: bits only go from 1 to 0 but by an erase."""

    def __init__(self, first, length):
        self.first = first
        self.length = length

    def readblocks(self, block, buffer, offset=0):
        """As vfs asks for it."""
        _file.seek(self.first + block * BLOCK + offset)
        _file.readinto(buffer)

    def writeblocks(self, block, data, offset=None):
        """With an offset: programmed; without: erased first."""
        if offset is None:
            self.ioctl(6, block)
            offset = 0
        at = self.first + block * BLOCK + offset
        _file.seek(at)
        was = _file.read(len(data))
        _file.seek(at)
        _file.write(bytes([a & b for a, b in zip(was, data)]))
        _file.flush()

    def ioctl(self, operation, argument):
        """4: blocks, 5: bytes a block, 6: erase one."""
        if operation == 4:
            return self.length // BLOCK
        if operation == 5:
            return BLOCK
        if operation == 6:
            _file.seek(self.first + argument * BLOCK)
            _file.write(b"\xff" * BLOCK)
            _file.flush()
        return 0


def device(name):
    """The Device of a part."""
    return Device(*PARTS[name])


def files():
    """Of the file system."""
    return device("files")


def mapped(slot):
    """What lies in a slot, to be mounted: a chip maps its flash, here it is read."""
    first, length = PARTS["slot%d" % slot]
    _file.seek(first)
    return memoryview(_file.read(length))
