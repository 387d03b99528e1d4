"""A MIFARE Classic 1K: sixteen sectors of four blocks, two keys and access bits for each.

1. A selected card serves nothing before an authentication, and then one sector only.
2. A command that the access bits do not allow is answered by a NAK; the card then stops
   listening until it is selected again, and the authentication is gone.
3. Access bits that contradict themselves block their sector for ever.
4. A key B that the access bits let be read is data: it authenticates, and opens nothing.
5. Increment, decrement and restore fill the transfer buffer; only transfer writes.

Not modelled: Crypto-1. The reader chip does it on both sides of the air, so frames here are in
clear text and `authenticate` compares keys; a raw authentication frame is met with silence.
Source: NXP MF1S50YYX_V1 sections 8.6, 8.7, 9.3 and 12.
"""

from functools import lru_cache

from card_layout import access
from terminal_sim.iso14443a import ACTIVE, Iso14443aCard
from terminal_sim.tearing import BLOCK, shape_of

BLOCKS = 64
SIZE = BLOCKS * BLOCK
TRAILER = 3  # place of the trailer in its sector

ACK = 0xA
NAK_BUFFER_VALID = 0x0  # table 10: invalid operation; 4 when the transfer buffer holds nothing
NAK = 0x4

DELIVERED_KEY = b"\xff" * 6
_DELIVERED_TRAILER = DELIVERED_KEY + b"\xff\x07\x80\x69" + DELIVERED_KEY
_NOTHING: tuple[frozenset[str], ...] = (frozenset(),) * 4


@lru_cache(maxsize=8192)  # there are 4096 valid settings, with two keys each
def grants(access_bytes, key_name):
    """-> what "A" or "B" may do, a set of names for each block of a sector (3 access bytes)."""
    triples = access.decode(access_bytes)
    if triples is None:
        return _NOTHING
    trailer = access.rights_of(access.TRAILER, triples[TRAILER])
    if key_name == "B" and trailer.read_key_b:
        return _NOTHING
    rights = [access.rights_of(access.DATA, triple) for triple in triples[:TRAILER]]
    return tuple(
        frozenset(name for name in one._fields if key_name in getattr(one, name))
        for one in [*rights, trailer]
    )


def value_block(value, address):
    """-> 16 bytes of a value block (section 8.6.2.1): value -2**31 .. 2**31-1, address a byte."""
    plain = value.to_bytes(4, "little", signed=True)
    inverse = bytes(byte ^ 0xFF for byte in plain)
    return plain + inverse + plain + bytes((address, address ^ 0xFF, address, address ^ 0xFF))


def value_of(block):
    """-> (value, address) of a value block, or None when it is not one."""
    value = int.from_bytes(block[:4], "little", signed=True)
    return (value, block[12]) if value_block(value, block[12]) == bytes(block) else None


class MifareClassic(Iso14443aCard):
    """One card. `blocks`: (number, 16 bytes) pairs to lay over a card as delivered."""

    def __init__(self, uid, blocks=None):
        super().__init__(uid)
        self.memory = bytearray(SIZE)
        for trailer in range(TRAILER, BLOCKS, 4):
            self._put(trailer, _DELIVERED_TRAILER)
        self._put(0, _manufacturer_block(self.uid, self.sak, self.atqa))
        for number, data in blocks or ():
            if not 0 <= number < BLOCKS or len(data) != BLOCK:
                raise ValueError(f"{len(data)} bytes for block {number}")
            self._put(number, bytes(data))
        self._sector = None
        self._key_name = ""
        self._grants = _NOTHING
        self._half = None  # (second half of a command, block) while its data is awaited
        self._buffer = None  # transfer buffer: (value, address)
        self._tear = shape_of("none", b"")
        self._noise = b""

    # -- from outside

    @classmethod
    def load(cls, dump):
        """-> the card of a dump of 1024 bytes (.mfd); its UID is taken from block 0."""
        dump = bytes(dump)
        if len(dump) != SIZE:
            raise ValueError(f"a dump of {len(dump)} bytes; a 1K card has {SIZE}")
        four = dump[0] ^ dump[1] ^ dump[2] ^ dump[3] == dump[4]
        card = cls(dump[:4] if four else dump[:7])
        card.memory[:] = dump
        return card

    def dump(self):
        """-> the 1024 bytes of the card, keys included, as no reader can get them."""
        return bytes(self.memory)

    def block(self, number):
        """-> the 16 bytes of one block."""
        return bytes(self.memory[number * BLOCK : number * BLOCK + BLOCK])

    def tear_after(self, commands, shape="none", noise=b""):
        """Leave the field in the command after the next `commands` ones (select counts).

        If it is one that writes, its block is left as `shape` says: a name of tearing.SHAPES or
        the number of bytes written. noise: 16 bytes for the shape "random".
        """
        self._tear = shape_of(shape, noise)
        self._noise = noise
        self.leave_after(commands)

    # -- what a selected card answers

    def authenticate(self, block, key_name, key, uid4):
        """-> True when `key` is key "A" or "B" of the sector; None when the card is silent.

        uid4 enters the cipher: the last 4 bytes of the UID, or nothing matches.
        """
        if self.state != ACTIVE:
            return None
        if self._commands_left is not None:
            self._command_begins()
            if self._leaving:
                return self._leave()
        trailer = (block | TRAILER) * BLOCK
        at = trailer if key_name == "A" else trailer + 10
        if block >= BLOCKS or key != self.memory[at : at + 6] or uid4 != self.uid[-4:]:
            self._lose()
            return False
        self._sector = block >> 2
        self._key_name = key_name
        self._half = None
        self._grants = grants(bytes(self.memory[trailer + 6 : trailer + 9]), key_name)
        return True

    def transceive(self, frame):
        """A frame without CRC, decrypted -> bytes, ACK or NAK, or None for silence."""
        if self.state != ACTIVE or not frame:
            return None
        half = self._half
        if half is None:
            if self._commands_left is not None:
                self._command_begins()
            handler = _COMMANDS.get(frame[0])
            answer = handler(self, frame) if handler else self._lose()
        else:
            self._half = None
            answer = half[0](self, half[1], frame)
        if self._leaving and self._half is None:
            return self._leave()
        return answer

    def _forget(self):
        self._sector = None
        self._grants = _NOTHING
        self._half = None
        self._buffer = None

    def _may(self, frame, *names):
        """-> True when the block that the frame names may be used in one of these ways."""
        block = frame[1] if len(frame) == 2 else BLOCKS
        if block >> 2 != self._sector:
            return False
        return not self._grants[block & TRAILER].isdisjoint(names)

    def _refuse(self):
        answer = NAK if self._buffer is None else NAK_BUFFER_VALID
        self._lose()
        return answer

    def _read(self, frame):
        if not self._may(frame, "read", "read_bits"):
            return self._refuse()
        block = frame[1]
        data = bytes(self.memory[block * BLOCK : block * BLOCK + BLOCK])
        if block & TRAILER != TRAILER:
            return data
        readable = "read_key_b" in self._grants[TRAILER]
        return bytes(6) + data[6:10] + (data[10:] if readable else bytes(6))

    def _write(self, frame):
        if not self._may(frame, "write", "write_key_a", "write_bits", "write_key_b"):
            return self._refuse()
        if frame[1] == 0:  # the manufacturer's, whatever the access bits say (section 8.7.3)
            return self._refuse()
        self._half = (MifareClassic._write_data, frame[1])
        return ACK

    def _write_data(self, block, data):
        if len(data) != BLOCK:
            return self._refuse()
        if block & TRAILER == TRAILER:
            self._write_trailer(block, data)
        else:
            self._store(block, data)
        return ACK

    def _write_trailer(self, block, data):
        """Only the parts that the key may write change."""
        may = self._grants[TRAILER]
        new = bytearray(self.block(block))
        for name, part in (
            ("write_key_a", slice(0, 6)),
            ("write_bits", slice(6, 10)),
            ("write_key_b", slice(10, 16)),
        ):
            if name in may:
                new[part] = data[part]
        self._store(block, bytes(new))
        trailer = self.block(block)
        self._grants = grants(trailer[6:9], self._key_name)

    def _value(self, frame):
        name = "increment" if frame[0] == 0xC1 else "decrement"
        if not self._may(frame, name) or value_of(self.block(frame[1])) is None:
            return self._refuse()
        self._half = (_OPERANDS[frame[0]], frame[1])
        return ACK

    def _increment(self, block, operand):
        return self._fill_buffer(block, operand, 1)

    def _decrement(self, block, operand):
        return self._fill_buffer(block, operand, -1)

    def _restore(self, block, operand):
        return self._fill_buffer(block, operand, 0)

    def _fill_buffer(self, block, operand, sign):
        """Section 12.4: silence says that it worked; the value wraps at 32 bits."""
        if len(operand) != 4:
            return self._refuse()
        value, address = value_of(self.block(block))
        value += sign * int.from_bytes(operand, "little", signed=True)
        self._buffer = ((value + 2**31) % 2**32 - 2**31, address)
        return None

    def _transfer(self, frame):
        if self._buffer is None or frame[1:] == b"\0" or not self._may(frame, "decrement"):
            return self._refuse()
        self._store(frame[1], value_block(*self._buffer))
        return ACK

    def _halt(self, frame):
        """Section 9.1: a HALT is never answered."""
        if frame[1:] == b"\0":
            self.halt()
        else:
            self._lose()

    def _store(self, block, data):
        if self._leaving:
            data = self._tear(self.block(block), bytes(data), self._noise)
        self._put(block, data)

    def _put(self, block, data):
        self.memory[block * BLOCK : block * BLOCK + BLOCK] = data


_COMMANDS = {
    0x30: MifareClassic._read,
    0x50: MifareClassic._halt,
    0xA0: MifareClassic._write,
    0xB0: MifareClassic._transfer,
    0xC0: MifareClassic._value,
    0xC1: MifareClassic._value,
    0xC2: MifareClassic._value,
}

_OPERANDS = {
    0xC0: MifareClassic._decrement,
    0xC1: MifareClassic._increment,
    0xC2: MifareClassic._restore,
}


def _manufacturer_block(uid, sak, atqa):
    """Block 0 (section 8.6.1): UID, check byte of a short one, SAK, ATQA, the maker's bytes."""
    check = bytes((uid[0] ^ uid[1] ^ uid[2] ^ uid[3],)) if len(uid) == 4 else b""
    head = uid + check + bytes((sak, atqa[1], atqa[0]))
    return head + bytes(BLOCK - len(head))
