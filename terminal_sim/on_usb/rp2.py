"""The RP2040's module `rp2`: its flash behind the base firmware, for a board on the bench."""

import bench_flash

_CODE_BYTES = bench_flash.PARTS["code"][1]
_ALL = 2 * 1024 * 1024


class Flash(bench_flash.Device):
    """From the begin of the storage, as rp2.Flash counts. Limit: it is not mapped."""

    def __init__(self, start=0, len=_ALL - _CODE_BYTES):  # noqa: A002 the chip's name
        super().__init__(_CODE_BYTES + start, len)
