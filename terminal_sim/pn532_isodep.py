"""What the PN532 does when its target speaks ISO-DEP: RATS, blocks, chains, waiting, second tries.

The host gives a command and gets an answer; blocks and their numbers are the chip's. The number of
the next block is kept with the card, as the chip keeps it with its target. Functions are (card,
..., meter) -> status byte and answer. Limits: commands and answers of at most 262 bytes, the host's
own chaining (MI) is not there. Source: PN532 UM0701-02 sections 7.3.1, 7.3.8; ISO/IEC 14443-4.
"""

from terminal_sim import pn532_tables as pn532
from terminal_sim.card_timing import BYTE_US, SILENCE_US
from terminal_sim.iso_dep import DESELECT, FRAME, I_BLOCK, MORE, NAK, R_ACK, RATS, WTX

_FSDI_64 = 0x50
_OVERHEAD = 3  # PCB and CRC
_TRIES = 2  # NAKs before the card counts as gone
_WAITS_MAX = 50
_ANSWER_MAX = 262
_TIMEOUT = bytes((pn532.TIMEOUT,))
_PROTOCOL = bytes((pn532.RF_PROTOCOL,))


def activate(card, meter):
    """RATS -> ATS, None if the card gives none."""
    meter.card("rats")
    card.reader_number = 0
    return card.transceive(bytes((RATS, _FSDI_64)))


def presence(card, meter):
    """-> status: does it answer a NAK?"""
    answer = _ask(card, bytes((R_ACK | NAK | card.reader_number,)), meter)
    return pn532.TIMEOUT if answer is None else pn532.OK


def deselect(card, meter):
    """The card is told to sleep."""
    _ask(card, bytes((DESELECT,)), meter)


def exchange(card, command, meter):
    """-> status byte and the answer to one command."""
    most = FRAME - _OVERHEAD
    parts = [command[at : at + most] for at in range(0, len(command), most)]
    block = None
    for place, part in enumerate(parts):
        more = MORE if place + 1 < len(parts) else 0
        head = bytes((I_BLOCK | more | card.reader_number,))
        block = _insist(card, head + part, meter)
        if block is None:
            return _TIMEOUT
        if more:
            if block != bytes((R_ACK | card.reader_number,)):
                return _PROTOCOL
            card.reader_number ^= 1
    return _gather(card, block, meter)


def _gather(card, block, meter):
    """The card's answer, from its first block to the end of its chain."""
    answer = b""
    while block[0] & ~1 in (
        I_BLOCK,
        I_BLOCK | MORE,
    ):  # ends with the chain, or at what does not fit
        if block[0] & 1 != card.reader_number:
            return _PROTOCOL
        card.reader_number ^= 1
        answer += block[1:]
        if len(answer) > _ANSWER_MAX:
            return _PROTOCOL
        if not block[0] & MORE:
            return bytes((pn532.OK,)) + answer
        block = _insist(card, bytes((R_ACK | card.reader_number,)), meter)
        if block is None:
            return _TIMEOUT
    return _PROTOCOL


def _insist(card, frame, meter):
    """-> the card's block, after NAKs and after all the time it wants; None if it is silent."""
    answer = _ask(card, frame, meter)
    for _ in range(_TRIES):
        if answer is not None:
            break
        answer = _ask(card, bytes((R_ACK | NAK | card.reader_number,)), meter)
        if answer == bytes((R_ACK | card.reader_number ^ 1,)):  # it never heard the frame
            answer = _ask(card, frame, meter)
    for _ in range(_WAITS_MAX):
        if answer is None or answer[0] != WTX:
            return answer
        answer = _ask(card, answer, meter)
    return None


def _ask(card, frame, meter):
    meter.card("block")
    answer = card.transceive(frame)
    if answer is None:
        meter.wait(SILENCE_US)
    else:
        meter.busy((len(frame) + len(answer) + 4) * BYTE_US)
    return answer
