"""Flash of an RP2040 as the core takes it, and the slots in it. The base firmware has it too."""

_PAGE = 256
_BLANK = b"\xff" * _PAGE


class Flash:
    """An area: read where it is mapped, programmed by the page, erased by the sector."""

    sector = 4096
    unit = 1  # a page is programmed with FF around what is new, which changes nothing there
    reprogram = True

    def __init__(self, device):
        self._device = device
        self._mapped = memoryview(device)
        self._page = bytearray(_PAGE)
        self.size = len(self._mapped)

    def read(self, at, length):
        """`length` bytes from `at`."""
        return bytes(self._mapped[at : at + length])

    def program(self, at, data):
        """Clear the bits that are 0 in `data`, from the heap: while the flash is written, nothing
        of it can be read, and `data` may lie there."""
        page, done = self._page, 0
        while done < len(data):
            offset = (at + done) % _PAGE
            part = min(_PAGE - offset, len(data) - done)
            page[:] = _BLANK
            page[offset : offset + part] = data[done : done + part]
            sector, start = divmod(at + done - offset, self.sector)
            self._device.writeblocks(sector, page, start)
            done += part

    def erase(self, sector):
        """A sector of FF again."""
        self._device.ioctl(6, sector)


def pair(device, count):
    """-> the core.slots.Slot of each of `count` slots, which fill the device."""
    from firmware.core.layout import Region
    from firmware.core.slots import Slot

    flash = Flash(device)
    sectors = flash.size // flash.sector // count
    return [Slot(flash, Region(number * sectors, sectors)) for number in range(count)]
