"""A card of ISO/IEC 14443-3 type A: found, told apart, selected, halted, or gone.

What every such card shares, as a base class: the states, the cascade of a long UID, and leaving
the field at a given command. What a selected card answers is `transceive` of the kind of card.
Limits: UIDs of 4 and 7 bytes; anticollision with whole bytes only (the reader chip resolves
collisions by itself, so nobody asks for bits).
Source: ISO/IEC 14443-3 section 6; NXP MF1S50YYX_V1 sections 9.1, 9.4 and 10.
"""

OFF, IDLE, READY, ACTIVE, HALT = range(5)
STATE_NAMES = ("OFF", "IDLE", "READY", "ACTIVE", "HALT")

REQA = b"\x26"
WUPA = b"\x52"
HLTA = b"\x50\x00"
CASCADE_TAG = 0x88
CASCADE_BIT = 0x04  # in SAK: the UID goes on
_SEL = (0x93, 0x95)


def crc_a(data):
    """-> the 2 bytes of CRC_A (ISO/IEC 14443-3 annex B), low byte first."""
    crc = 0x6363
    for byte in data:
        byte ^= crc & 0xFF
        byte = (byte ^ byte << 4) & 0xFF
        crc = (crc >> 8 ^ byte << 8 ^ byte << 3 ^ byte >> 4) & 0xFFFF
    return bytes((crc & 0xFF, crc >> 8))


class Iso14443aCard:
    """Base of the cards. An answer is bytes, an int (4 bits: ACK or NAK) or None (silence).

    `gone` is True once the card has left the field by itself (`leave_after`); the field powers it
    again only when it is put there anew.
    """

    sak = 0x08

    def __init__(self, uid):
        uid = bytes(uid)
        if len(uid) not in (4, 7):
            raise ValueError(f"a UID of {len(uid)} bytes: 4 or 7 are modelled")
        if len(uid) == 4 and uid[0] == CASCADE_TAG:
            raise ValueError("a UID of 4 bytes may not begin with the cascade tag 88")
        self.uid = uid
        self.atqa = b"\x00\x44" if len(uid) == 7 else b"\x00\x04"  # high byte first, as SENS_RES
        self.state = OFF
        self.gone = False
        self._resting = IDLE  # where a mistake leads: back to where the card was woken from
        self._level = 0
        self._commands_left = None
        self._leaving = False

    # -- in and out of the field

    def power_on(self):
        """The reader's field reaches the card."""
        if not self.gone:
            self._forget()
            self.state = self._resting = IDLE

    def power_off(self):
        """The field is off, or the card outside it: all but the EEPROM is forgotten."""
        self._forget()
        self.state = OFF

    def come_back(self):
        """The card is held to the reader again after it had left by itself."""
        self.gone = False

    def leave_after(self, commands):
        """Answer `commands` more commands (select counts) and leave during the next; None: stay."""
        self._commands_left = commands
        self._leaving = False

    def _command_begins(self):
        """Called once for each command; sets `_leaving` for the one whose end is never heard."""
        if self._commands_left is not None:
            self._leaving = self._commands_left == 0
            self._commands_left -= 1

    def _leave(self):
        self.gone = True
        self.leave_after(None)
        self.power_off()

    # -- what the reader chip does with frames that nobody else needs to see

    def select(self):
        """REQA, anticollision and SELECT in one -> True when the card is now ACTIVE."""
        return self._awaken(self.state == IDLE)

    def wake(self):
        """WUPA, anticollision and SELECT in one -> True when the card is now ACTIVE."""
        return self._awaken(self.state in (IDLE, HALT))

    def drop(self):
        """Another card is asked for: a selected card falls back."""
        if self.state in (READY, ACTIVE):
            self._lose()

    def halt(self):
        """HLTA: silent until WUPA or until the field was off."""
        if self.state == ACTIVE:
            self._forget()
            self.state = HALT

    def _awaken(self, hears):
        if not hears:
            return False
        if self._commands_left is not None:
            self._command_begins()
            if self._leaving:
                self._leave()
                return False
        self._resting = self.state
        self.state = ACTIVE
        return True

    def _lose(self):
        """A frame that does not belong here: the card stops listening until it is woken."""
        self._forget()
        self.state = self._resting

    def _forget(self):
        """For the kind of card: drop what a selected card remembers."""

    # -- the air, byte by byte

    def transceive(self, frame):
        """For the kind of card: a frame without CRC -> answer without CRC; None is silence."""

    def air(self, frame, last_bits=0):
        """A raw frame, CRC included where the standard has one -> the answer, likewise.

        last_bits: bits of the last byte, 0 for all eight. Any bytes may come.
        """
        if self.state == OFF:
            return None
        if last_bits == 7 and len(frame) == 1:
            return self._short_frame(frame)
        if self.state == READY:
            return self._anticollision(frame)
        if self.state != ACTIVE:
            return None
        if len(frame) < 3 or crc_a(frame[:-2]) != frame[-2:]:
            self._lose()
            return None
        answer = self.transceive(frame[:-2])
        return answer + crc_a(answer) if isinstance(answer, bytes) else answer

    def _short_frame(self, frame):
        if frame == REQA and self.state == IDLE or frame == WUPA and self.state in (IDLE, HALT):
            self._resting = self.state
            self.state = READY
            self._level = 0
            return bytes((self.atqa[1], self.atqa[0]))
        self.drop()
        return None

    def _anticollision(self, frame):
        part = self._cascade_part(self._level)
        if frame == bytes((_SEL[self._level], 0x20)):
            return part
        body = bytes((_SEL[self._level], 0x70)) + part
        if frame != body + crc_a(body):
            self._lose()
            return None
        if len(self.uid) == 7 and self._level == 0:
            self._level = 1
            sak = bytes((self.sak | CASCADE_BIT,))
        else:
            self.state = ACTIVE
            sak = bytes((self.sak,))
        return sak + crc_a(sak)

    def _cascade_part(self, level):
        """-> 4 bytes of the UID and their check byte, for cascade level 0 or 1."""
        if len(self.uid) == 4:
            part = self.uid
        else:
            part = self.uid[3:] if level else bytes((CASCADE_TAG,)) + self.uid[:3]
        return part + bytes((part[0] ^ part[1] ^ part[2] ^ part[3],))
