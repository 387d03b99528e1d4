"""Who makes MAC1 for a CPU card's purchase and checks MAC2: here with keys from flash.

One interface with wallet_psam. `KEY`: which of a card's purchase keys; `COUNTS`: it numbers its
transactions itself. `name(serial)` -> (terminal, serial) for the 6 bytes of the card's INITIALIZE.
Generators: `find()` looks whether it can serve, `mac1(...)` -> (transaction number, MAC1) or None,
`is_paid(...)` -> bool. `missing`: why it cannot serve. `session`: of the last purchase, None where
nobody tells it.
"""

from card_layout import keys as card_keys
from card_layout import purse_cpu
from card_layout.des import Des
from firmware.core.keystore import PURSE


class Diversified:
    """Keys from the purse master of the key page."""

    KEY = 1
    COUNTS = False
    missing = None

    def __init__(self, keys):
        self._keys = keys
        self.session = None

    def find(self):
        """It is there."""
        yield from ()

    def name(self, serial):
        """Our number, and the serial of the record."""
        return self._keys.number, serial

    def mac1(self, card, begun, amount_fen, serial, moment):
        """-> (serial, MAC1). card: its UID and key version; begun: as purse_cpu.begun has it."""
        yield from ()
        uid, version = card
        key = Des(card_keys.wallet_key(self._keys.encryptor(PURSE, version), uid, "D"))
        self.session = purse_cpu.session_key(key.encrypt, begun[2], begun[1], serial)
        number = self._keys.number
        return serial, purse_cpu.mac1(self.session, amount_fen, number, serial, moment)

    def is_paid(self, mac2, amount_fen):
        """Did this card debit what the last `mac1` was for?"""
        yield from ()
        return mac2 == purse_cpu.mac2(self.session, amount_fen)
