"""What a reader answers to a card command. The commands themselves are MIFARE's, byte by byte:

    60 | 61  block  key 6  uid 4    authenticate a sector with key A or B (the UID's last 4 bytes)
    30  block                       read 16 bytes
    A0  block  data 16              write

Source: NXP MF1S50YYX data sheet, chapters 10 and 12; the UID's part: NXP AN10927, section 3.2.5.
"""

OK = 0  # and data, if the command gives any
GONE = 1  # no answer, or half of one: what the card has done is not known
DENIED = 2  # the card answered no

AUTHENTICATE_A = 0x60
AUTHENTICATE_B = 0x61
READ = 0x30
WRITE = 0xA0


def authenticate(command, block, key, uid):
    """-> command bytes; key of 6 bytes, UID of 4 or 7."""
    return bytes((command, block)) + key + uid[-4:]


def read(block):
    """-> command bytes."""
    return bytes((READ, block))


def write(block, data):
    """-> command bytes; 16 bytes of data."""
    return bytes((WRITE, block)) + data
