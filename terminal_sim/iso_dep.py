"""A card of ISO/IEC 14443-4: numbered blocks, chains of them, waiting times; an application behind.

What the application is, is not known here: it has `apdu(command) -> answer` and `reset()`.
1. Before RATS the card takes nothing else.
2. A block that comes again is answered again, and is not carried out twice (rule 11).
3. A slow card asks for more time first (S(WTX)), as often as it is told to.
4. A card that leaves in a command has carried it out, or has not: nothing between, for such cards
   write with a backup.
Limits: 106 kbit/s, no CID, no NAD; frames of 64 bytes. Source: ISO/IEC 14443-4 sections 5 and 7.
"""

from terminal_sim.iso14443a import Iso14443aCard

FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)  # by FSCI and FSDI, CRC included
_FSCI = 5
FRAME = FRAME_SIZES[_FSCI]
_ATS = bytes((0x05, 0x70 | _FSCI, 0x00, 0x81, 0x00))  # TL T0 TA TB(FWI 8, SFGI 1) TC
_OVERHEAD = 3  # PCB and CRC
RATS, I_BLOCK, R_ACK, DESELECT, WTX = 0xE0, 0x02, 0xA2, 0xC2, 0xF2
MORE = 0x10  # in the PCB of an I-block: the chain goes on
NAK = 0x10  # in that of an R-block
_KIND = 0xEE  # of a PCB, without these and the block number; CID and NAD are of no kind here


class IsoDepCard(Iso14443aCard):
    """One card. waits: how many S(WTX) it sends before each answer."""

    sak = 0x20
    reader_number = (
        0  # of the reader's next block: kept here by the chip that has the card selected
    )

    def __init__(self, uid, application, waits=0):
        super().__init__(uid)
        self.application = application
        self.waits = waits
        self._is_executed_when_torn = False

    def tear_after(self, commands, shape="none", noise=b""):
        """Leave the field in the command (frame) after the next `commands` ones; select counts.

        shape: "all" or 16: what was asked is carried out and its answer lost; "random": as the
        first bit of `noise` says; any other: it is not carried out.
        """
        told = noise[0] & 1 if shape == "random" else shape in ("all", 16)
        self._is_executed_when_torn = bool(told)
        self.leave_after(commands)

    def _forget(self):
        self.is_activated = False
        self._number = 1  # of the block that was sent last
        self._heard = b""  # of a chain that is not over
        self._to_say = []  # the rest of an answer
        self._waits_left = 0
        self._last = None
        self.application.reset()

    def transceive(self, frame):
        """A frame without CRC -> answer without CRC, None for silence."""
        self._command_begins()
        leaving = self._leaving
        if leaving and not self._is_executed_when_torn:
            self._leave()
            return None
        answer = self._block(frame) if self.is_activated else self._activate(frame)
        if leaving:
            self._leave()
            return None
        return answer

    def _activate(self, frame):
        if len(frame) != 2 or frame[0] != RATS:
            self._lose()
            return None
        self.is_activated = True
        self._most = FRAME_SIZES[min(frame[1] >> 4, 8)] - _OVERHEAD
        return _ATS

    def _block(self, frame):
        kind = frame[0] if frame else 0
        if kind & _KIND == I_BLOCK:
            return self._information(kind, frame[1:])
        if kind & _KIND == R_ACK:
            return self._acknowledged(kind)
        if frame == bytes((DESELECT,)):
            self.halt()
            return frame
        if kind == WTX and len(frame) == 2 and self._waits_left:
            return self._wait_or_say()
        return None

    def _information(self, kind, data):
        self._number ^= 1
        if kind & 1 != self._number:
            self._number ^= 1  # not the one that is due: silence, and the reader will ask
            return None
        self._heard += data
        if kind & MORE:
            return self._say(bytes((R_ACK | self._number,)))
        command, self._heard = self._heard, b""
        answer = self.application.apdu(command)
        cuts = range(0, len(answer), self._most)
        self._to_say = [answer[at : at + self._most] for at in cuts]
        self._waits_left = self.waits + 1
        return self._wait_or_say()

    def _wait_or_say(self):
        self._waits_left -= 1
        if self._waits_left:
            return bytes((WTX, 1))
        return self._part()

    def _part(self):
        part = self._to_say.pop(0)
        more = MORE if self._to_say else 0
        return self._say(bytes((I_BLOCK | more | self._number,)) + part)

    def _acknowledged(self, kind):
        if kind & 1 == self._number:
            return self._last  # rule 11: said again, whatever was lost
        if kind & NAK:
            return bytes((R_ACK | self._number,))  # rule 12: a NAK for what never came
        if self._to_say:
            self._number ^= 1
            return self._part()
        return None

    def _say(self, block):
        self._last = block
        return block
