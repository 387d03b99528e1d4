"""The electronic wallet of a CPU card: its commands, its session key, its four kinds of MAC.

Bytes only: who asks whom when is the credential's, what a status word leads to is its table's. Keys
come in as `Des` of 16 bytes, or as a callable that a key store gives. Amounts are fen. Source: PBOC
2.0 part 2 (JR/T 0025.2) chapters 5 and 7; ISO 7816-4 for files. Story: docs/cpu-card.md.
"""

from card_layout.des import BLOCK, Des

NAME = b"\xa0\x00\x00\x00\x03CAMPUS"
IDENTITY_FILE, SERIAL_FILE, LOG_FILE = 0x15, 0x16, 0x18
LOG_SIZE = 23
LOG_LINES = 10

EP_LOAD = 0x02  # types of transactions, as MACs and the log have them
EP_PURCHASE = 0x06

FIRST_MOMENT = 946684800  # 2000-01-01; no terminal ever makes so many records

OK = 0x9000
TOO_LITTLE = 0x9401
BAD_MAC = 0x9302
NOTHING_TO_PROVE = 0x9406
# what a card may say to a DEBIT that it does not carry out
REFUSALS = (
    TOO_LITTLE, BAD_MAC, 0x9403, 0x6700, 0x6901, 0x6982, 0x6983, 0x6985, 0x6A80, 0x6A86,
    0x6D00, 0x6E00,
)  # fmt: skip


def select():
    """-> APDU that selects the application."""
    return b"\x00\xa4\x04\x00" + bytes((len(NAME),)) + NAME


def read_binary(file, length):
    """-> APDU that reads a file from its start."""
    return bytes((0x00, 0xB0, 0x80 | file, 0, length))


def read_log(place):
    """-> APDU that reads a line of the log; 1 is the newest."""
    return bytes((0x00, 0xB2, place, LOG_FILE << 3 | 4, LOG_SIZE))


def internal_authenticate(challenge):
    """-> APDU that has the card encrypt 8 bytes."""
    return b"\x00\x88\x00\x00\x08" + challenge + b"\x08"


def get_balance():
    """-> APDU; answered with 4 bytes of fen."""
    return b"\x80\x5c\x00\x02\x04"


def begin_purchase(amount_fen, terminal, serial, key=1):
    """-> APDU of INITIALIZE FOR PURCHASE."""
    body = bytes((key,)) + _u32(amount_fen) + who(terminal, serial)
    return b"\x80\x50\x01\x02\x0b" + body + b"\x0f"


def begun(answer):
    """-> (balance in fen, counter, 4 random bytes) of the answer to INITIALIZE FOR PURCHASE, or
    None. The counter is the one before the transaction."""
    if len(answer) != 15:
        return None
    counter = int.from_bytes(answer[4:6], "big")
    return int.from_bytes(answer[:4], "big"), counter, bytes(answer[11:])


def purchase(serial, moment, mac1):
    """-> APDU of DEBIT FOR PURCHASE. moment: `bcd` of the terminal's local time."""
    return b"\x80\x54\x01\x00\x0f" + _u32(serial) + moment + mac1 + b"\x08"


def verify(pin):
    """-> APDU of VERIFY; a PIN of 3 bytes."""
    return b"\x00\x20\x00\x00\x03" + pin


def begin_load(amount_fen, terminal, serial, key=1):
    """-> APDU of INITIALIZE FOR LOAD."""
    body = bytes((key,)) + _u32(amount_fen) + who(terminal, serial)
    return b"\x80\x50\x00\x02\x0b" + body + b"\x10"


def load_begun(answer):
    """-> (balance in fen, count of loads before, 4 random bytes, MAC1) of its answer, or None."""
    if len(answer) != 16:
        return None
    balance_fen, count = int.from_bytes(answer[:4], "big"), int.from_bytes(answer[4:6], "big")
    return balance_fen, count, bytes(answer[8:12]), bytes(answer[12:])


def load(moment, mac2):
    """-> APDU of CREDIT FOR LOAD; answered with the TAC of 4 bytes."""
    return b"\x80\x52\x00\x00\x0b" + moment + mac2 + b"\x04"


def load_session(encrypt, random, count):
    """-> 8 bytes (SESLK); `encrypt` is the card's load key's."""
    return encrypt(random + count.to_bytes(2, "big") + b"\x80\x00")


def load_mac1(session, balance_fen, amount_fen, terminal, serial):
    """-> 4 bytes: the card to the server, it is I and have so much."""
    said = _u32(balance_fen) + _u32(amount_fen) + bytes((EP_LOAD,))
    return mac(session, said + who(terminal, serial))


def load_mac2(session, amount_fen, terminal, serial, moment):
    """-> 4 bytes: the server to the card, take it."""
    return mac(session, _u32(amount_fen) + bytes((EP_LOAD,)) + who(terminal, serial) + moment)


def prove(counter, kind=EP_PURCHASE):
    """-> APDU of GET TRANSACTION PROVE of the transaction that began at `counter`."""
    return bytes((0x80, 0x5A, 0x00, kind, 2)) + counter.to_bytes(2, "big") + b"\x08"


def logged(line):
    """-> [counter, amount in fen, type, terminal, serial] of the log's 23 bytes, or None."""
    if len(line) != LOG_SIZE:
        return None
    ends = ((0, 2), (5, 9), (9, 10), (10, 12), (12, 16))
    return [int.from_bytes(line[start:end], "big") for start, end in ends]


def logged_at(line):
    """-> UTC seconds that the log's 23 bytes tell, 0 if they are no date."""
    pairs = [octet // 16 * 10 + octet % 16 for octet in line[LOG_SIZE - 7 :]]
    if len(line) != LOG_SIZE or pairs[0] != 20:
        return 0
    year, month, day = pairs[1], pairs[2], pairs[3] - 1
    if not 1 <= month <= 12:
        return 0
    days = 365 * year + (year + 3) // 4 + sum(_months(year)[: month - 1]) + day
    return FIRST_MOMENT + 86400 * days + 3600 * pairs[4] + 60 * pairs[5] + pairs[6]


def diversified(encrypt, card_serial):
    """-> 16 bytes of a card's key; `encrypt` is the master's, 8 bytes -> 8 bytes."""
    return encrypt(card_serial) + encrypt(bytes([octet ^ 0xFF for octet in card_serial]))


def session_key(encrypt, random, counter, serial):
    """-> 8 bytes (SESPK); `encrypt` is the card's purchase key's."""
    return encrypt(random + counter.to_bytes(2, "big") + _u32(serial)[2:])


def mac1(session, amount_fen, terminal, serial, moment):
    """-> 4 bytes: the terminal to the card."""
    body = bytes((EP_PURCHASE,)) + who(terminal, serial) + moment
    return mac(session, _u32(amount_fen) + body)


def mac2(session, amount_fen):
    """-> 4 bytes: the card to the terminal, it has paid."""
    return mac(session, _u32(amount_fen))


def tac(key, amount_fen, terminal, serial, moment, number=None):
    """-> 4 bytes: the card to the server, by its TAC key of 16 bytes (DTK). number: of the
    transaction, as DEBIT had it; the serial unless told."""
    single = bytes([key[at] ^ key[at + 8] for at in range(8)])
    body = (
        bytes((EP_PURCHASE,))
        + who(terminal, serial)
        + _u32(serial if number is None else number)
        + moment
    )
    return mac(single, _u32(amount_fen) + body)


def mac(key, data):
    """-> 4 bytes of a single DES CBC-MAC with a key of 8 bytes; padded with 80 and zeros."""
    des = Des(key)
    data = data + b"\x80"
    data += bytes(-len(data) % BLOCK)
    state = 0
    for at in range(0, len(data), BLOCK):
        state ^= int.from_bytes(data[at : at + BLOCK], "big")
        state = int.from_bytes(des.encrypt(state.to_bytes(BLOCK, "big")), "big")
    return state.to_bytes(BLOCK, "big")[:4]


def who(terminal, serial):
    """-> the 6 bytes of "terminal": its number, and the serial of the record that this writes."""
    return terminal.to_bytes(2, "big") + _u32(serial)


def moment_of(utc_s):
    """-> 7 bytes of UTC: date 4, time 3, two decimal digits a byte. For the years 2000 to 2099."""
    day, second = divmod(utc_s - FIRST_MOMENT, 86400)
    years, day = divmod(day, 1461)  # four years, the first a leap year
    year = 2000 + 4 * years + (day - 1) // 365 if day else 2000 + 4 * years
    day -= (year & 3) * 365 + (1 if year & 3 else 0)
    month = 0
    for length in _months(year):
        month += 1
        if day < length:
            break
        day -= length
    return bcd(year, month, day + 1, second // 3600, second // 60 % 60, second % 60)


def _months(year):
    """-> days of each month of a year from 2000 to 2099."""
    return (31, 28 if year & 3 else 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def bcd(year, month, day, hour, minute, second):
    """-> 7 bytes: date 4, time 3, two decimal digits a byte."""
    pairs = (year // 100, year % 100, month, day, hour, minute, second)
    return bytes([pair // 10 << 4 | pair % 10 for pair in pairs])


def _u32(value):
    return value.to_bytes(4, "big")
