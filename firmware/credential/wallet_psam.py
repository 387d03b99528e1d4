"""The interface of wallet_flash with the keys in a PSAM, which is asked by the request
("psam", APDU) and answers like a card: (status of air, data and status word). docs/psam.md.
"""

from card_layout import purse_cpu
from firmware.credential import air

INIT = 0x70
VERIFY = 0x72
LOCKED = 0x6983
_NUMBER = b"\x00\xb0\x96\x00\x06"


class InPsam:
    """The PSAM of a terminal. `missing`: None, or why it does not serve: "missing", "locked" or
    "foreign"."""

    KEY = 2  # which of a card's purchase keys it has the master of
    COUNTS = True
    session = None

    def __init__(self, keys):
        self._number = keys.number
        self.missing = None

    def find(self):
        """Is it there, and this terminal's? `missing` says."""
        word, number = yield from self._ask(_NUMBER)
        if word == purse_cpu.OK and number != purse_cpu.who(self._number, 0):
            self.missing = "foreign"

    def name(self, serial):
        """Its terminal number is ours; it has no room for the serial of a record."""
        return self._number, 0

    def mac1(self, card, begun, amount_fen, serial, moment):
        """-> (its transaction number, MAC1), None if it has none for us. card: UID, key version."""
        uid, _ = card
        step = begun[2] + begun[1].to_bytes(2, "big") + amount_fen.to_bytes(4, "big")
        body = step + bytes((purse_cpu.EP_PURCHASE,)) + moment + b"\x01\x00"
        body += bytes(8 - len(uid)) + uid
        head = bytes((0x80, INIT, 0, 0, len(body)))
        word, answer = yield from self._ask(head + body + b"\x08")
        if word != purse_cpu.OK or len(answer) != 8:
            return None
        return int.from_bytes(answer[:4], "big"), answer[4:]

    def is_paid(self, mac2, amount_fen):
        """Did this card debit what the last `mac1` was for?"""
        word, _ = yield from self._ask(bytes((0x80, VERIFY, 0, 0, 4)) + mac2)
        return word == purse_cpu.OK

    def _ask(self, apdu):
        """(status word, data); (None, b"") where no PSAM answers."""
        status, answer = yield ("psam", apdu)
        if status != air.OK or len(answer) < 2:
            self.missing = "missing"
            return None, b""
        word = int.from_bytes(answer[-2:], "big")
        self.missing = "locked" if word == LOCKED else None
        return word, bytes(answer[:-2])
