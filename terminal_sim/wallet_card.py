"""A CPU card held to a terminal without the air: whole APDUs, and a hand that pulls it away.

What the answers mean is pboc's. Money changes in one step of the card, so what a tear decides is
only whether the last command was carried out before the card was gone; a reader hears nothing of
it either way. What it is not: ISO 14443-4; the reader's model speaks that (iso_dep).
"""

from copy import deepcopy

from card_layout import identity, keys
from card_layout.purse_cpu import EP_PURCHASE
from terminal_sim.pboc import Keys, Wallet
from terminal_sim.prng import Prng

SAK = 0x20
_PURCHASE = b"\x80\x54"
_NEVER = -1


class WalletCard:
    """`wallet` is what it holds, `uid` 4 or 7 bytes. `gone`: it has left since it was put there."""

    def __init__(self, uid, wallet):
        self.uid = uid
        self.wallet = wallet
        self.gone = False
        self._left = _NEVER  # commands until it leaves
        self._is_done = False

    def tear_after(self, commands, shape="none", noise=b"\0"):
        """Leave in the command after the next `commands` ones (select counts); shape: of
        tearing.SHAPES or 0 to 16: whether that one is carried out."""
        self._left = commands
        if shape == "random":
            shape = noise[0] & 1
        self._is_done = shape in ("all", "half") or isinstance(shape, int) and shape & 1 == 1

    def leave_after(self, commands):
        """None: what has not torn yet tears no more."""
        self._left = _NEVER if commands is None else commands

    def put(self):
        """It is in the field, and has power."""
        self.gone = False
        self.wallet.reset()

    def select(self):
        """-> what a reader finds, None if it is gone."""
        return None if self._leaves() else ("one", self.uid, SAK)

    def apdu(self, command):
        """-> data and status word, None from a card that is gone."""
        if self.gone:
            return None
        if self._leaves():
            if self._is_done:
                self.wallet.apdu(command)
            return None
        return self.wallet.apdu(command)

    def intended(self, command):
        """(terminal, serial, fen) of a purchase that this command would make now, or None."""
        half = self.wallet._half
        if command[:2] != _PURCHASE or half is None or half.kind != EP_PURCHASE:
            return None
        by = half.terminal
        return int.from_bytes(by[:2], "big"), int.from_bytes(by[2:], "big"), half.amount_fen

    def dump(self):
        """-> bytes of all that it keeps without power."""
        wallet = self.wallet
        kept = wallet.balance_fen, sorted(wallet.counters.items()), wallet.log, wallet.executed
        return repr((self.uid, kept, sorted(wallet._proofs.items()))).encode()

    def _leaves(self):
        """Another command begins: is it the one in which the card leaves?"""
        self.gone = self.gone or self._left == 0
        self._left -= self._left >= 0
        return self.gone


def issued(uid, who, balance_fen, purse_master, server_master, draw):
    """-> WalletCard; masters: AES as callables; draw: Prng of its random numbers."""
    names = ("D", purse_master), ("L", server_master), ("T", server_master), ("I", purse_master)
    own = Keys(*(keys.wallet_key(master, uid, name) for name, master in names))
    block = identity.pack(who, uid, keys.card_mac(purse_master, uid))
    wallet = Wallet(bytes(8 - len(uid)) + uid, own, block, balance_fen, draw.bytes)
    return WalletCard(uid, wallet)


def counterfeit(card, noise):
    """What a thief makes who has a terminal's keys and a card in hand: all but its TAC key, which
    no terminal has; and its purse as it is now."""
    made = deepcopy(card)
    wallet = made.wallet
    wallet.keys = wallet.keys._replace(tac=Prng(noise).bytes(16))
    wallet._draw = Prng(noise + 1).bytes
    return made
