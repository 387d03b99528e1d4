"""What InDataExchange does when its target is a MIFARE Classic.

The host sends one line, the chip makes of it the frames that the card wants: an authentication of
three passes, or the two halves of a write or a value command. Anything else goes out as it is.
Each function is (card, data, meter) -> status byte and answer, as the host gets them.
Source: PN532 UM0701-02 section 7.3.8; MF1S50YYX_V1 sections 12.1 to 12.5.
"""

from terminal_sim import pn532_tables as pn532
from terminal_sim.card_timing import SILENCE_US
from terminal_sim.mifare import ACK

_OK = bytes((pn532.OK,))
_TIMEOUT = bytes((pn532.TIMEOUT,))
_REFUSED = bytes((pn532.DATA_FORMAT,))
_WRONG_KEY = bytes((pn532.MIFARE_AUTHENTICATION,))
_INVALID = bytes((pn532.INVALID_PARAMETER,))


def authenticate(card, data, meter):
    """60|61, block, key 6, the UID's last 4."""
    if len(data) != 12:
        return _INVALID
    block = data[1]
    meter.card("authenticate", block)
    accepted = card.authenticate(block, "B" if data[0] & 1 else "A", data[2:8], data[8:12])
    if accepted:
        return _OK
    meter.wait(SILENCE_US)
    return _TIMEOUT if accepted is None else _WRONG_KEY


def read(card, data, meter):
    """30, block -> 16 bytes."""
    meter.card("read", data[1] if len(data) > 1 else None)
    return _status(card.transceive(data), meter)


def transfer(card, data, meter):
    """B0, block."""
    meter.card("transfer", data[1] if len(data) > 1 else None)
    return _status(card.transceive(data), meter)


def write(card, data, meter):
    """A0, block, 16 bytes."""
    if len(data) < 3:
        return _INVALID
    meter.card("write", data[1])
    answer = card.transceive(data[:2])
    return _status(card.transceive(data[2:]) if answer == ACK else answer, meter)


def value(card, data, meter):
    """C0|C1|C2, block, operand 4. To the second half silence is the good answer, so a card that
    left in between looks like one that has done it; the transfer finds out."""
    if len(data) < 3:
        return _INVALID
    meter.card(_VALUE_NAMES[data[0]], data[1])
    answer = card.transceive(data[:2])
    if answer != ACK:
        return _status(answer, meter)
    return _OK if card.transceive(data[2:]) is None else _REFUSED


def anything(card, data, meter):
    """A frame that the chip does not know: 4 bits of answer cannot be told to the host."""
    meter.card("other")
    return _status(card.transceive(data), meter)


def _status(answer, meter):
    if answer is None:
        meter.wait(SILENCE_US)
        return _TIMEOUT
    if isinstance(answer, bytes):
        return _OK + answer
    return _OK if answer == ACK else _REFUSED


_VALUE_NAMES = {0xC0: "decrement", 0xC1: "increment", 0xC2: "restore"}

EXCHANGES = {
    0x30: read,
    0x60: authenticate,
    0x61: authenticate,
    0xA0: write,
    0xB0: transfer,
    0xC0: value,
    0xC1: value,
    0xC2: value,
}


def exchange(card, data, meter):
    """-> status byte and answer for the data of one InDataExchange (at least one byte)."""
    return EXCHANGES.get(data[0], anything)(card, data, meter)
