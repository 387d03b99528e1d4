"""A CPU card of the campus for tests of the core: the wallet, and a hand that may pull it away."""

from card_layout import identity, keys
from card_layout.identity import Identity
from firmware.credential import air
from protocol.aes import Aes
from terminal_sim.pboc import Keys, Wallet
from terminal_sim.prng import Prng
from tests.shared.card import MASTER_PURSE, UID, mac_of

MASTER_TAC = Aes(b"master of tacs!!").ecb


def keys_of(uid):
    """-> the Keys of the card with this UID."""
    own = [keys.wallet_key(MASTER_PURSE, uid, name) for name in ("D", "I")]
    tac, load = (keys.wallet_key(MASTER_TAC, uid, name) for name in ("T", "L"))
    return Keys(own[0], load, tac, own[1])


class CpuCard:
    """`gone_at`: the n-th command (from 0) finds no card; `written`: whether it was carried out."""

    sak = 0x20

    def __init__(self, number=7, balance_fen=5000, uid=UID):
        self.uid = uid
        who = Identity(number, identity.STUDENT, 20000, 0, 1, 1)
        block = identity.pack(who, uid, mac_of(uid))
        serial = bytes(8 - len(uid)) + uid
        self.wallet = Wallet(serial, keys_of(uid), block, balance_fen, Prng(number).bytes)
        self.gone_at = None
        self.written = True
        self.commands = []

    def select(self):
        """A new presentation."""
        self.commands = []
        self.wallet.reset()
        return ("one", self.uid, self.sak)

    def answer(self, command):
        """-> (status of air, data and status word)."""
        self.commands.append(command)
        if self.gone_at is not None and len(self.commands) > self.gone_at:
            if len(self.commands) == self.gone_at + 1 and self.written:
                self.wallet.apdu(command)
            return air.GONE, b""
        return air.OK, self.wallet.apdu(command)
