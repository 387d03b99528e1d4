"""A CPU card and a phone as physics has them, read without the code under test.

The wallet is the card's model, which is a card: its counter, its balance, the newest purchase of
its log, its proof. Of a phone there is nothing to read but the codes that it showed: what was taken
of it is what the terminal that was shown one has in its flash. They are asked as
truths.CardTruth is, and `oracle` has the checks.
"""

import struct

from terminal_sim.truths import Violation, Write

_PURCHASE = 6  # type of a line of the wallet's log


class WalletTruth:
    """`card()` gives the pboc.Wallet as it is now."""

    caps = None
    dies_with_record = False

    def __init__(self, number, wallet):
        self.number = number
        self.is_copied = False
        self._wallet = wallet
        self.counter, self.balance_fen = self._holding()
        self.issued_fen = self.balance_fen
        self.writes = []
        self.is_counterfeit = False
        self.tac = b""  # of the newest write

    @property
    def shown_fen(self):
        """What a screen may say of the balance."""
        return self.balance_fen

    def copied(self, wallet):
        """-> the truth of a counterfeit with this number."""
        self.is_copied = True
        made = WalletTruth(self.number, wallet)
        made.is_copied = made.is_counterfeit = True
        return made

    def look(self):
        """The purchase made since the last look, or None. I2 if what happened is not one."""
        counter, balance_fen = self._holding()
        if counter == self.counter:
            if balance_fen != self.balance_fen:
                raise Violation("I2", f"card {self.number} changed without a count")
            return None
        if counter != self.counter + 1:
            raise Violation("I2", f"card {self.number} went {self.counter} -> {counter}")
        line = self._wallet.log[0]
        if line[9] != _PURCHASE:
            raise Violation("I2", f"card {self.number} has the log {line.hex()}")
        write = Write(counter, self.balance_fen - balance_fen, *struct.unpack(">HI", line[10:16]))
        self.tac = self._wallet._proofs[_PURCHASE][2]
        self.counter, self.balance_fen = counter, balance_fen
        self.writes.append(write)
        return write

    def rolled_back(self):
        """Somebody who makes counterfeits made it an older one."""
        self.counter, self.balance_fen = self._holding()

    def _holding(self):
        return self._wallet.counters[_PURCHASE], self._wallet.balance_fen


class PhoneTruth:
    """fen: of its account at first; caps: (taps, fen) of what its issuer lets it take offline.

    Who shows a screenshot of it and is believed at a second place makes two of it: is_copied.
    """

    shown_fen = None  # a terminal does not know an account
    dies_with_record = True  # what burnt with the only terminal that saw the code, nobody can tell

    def __init__(self, number, fen, caps):
        self.number = number
        self.is_copied = False
        self.caps = caps
        self.balance_fen = self.issued_fen = fen
        self.writes = []
        self._shown = None  # (place, counter, serials of the flash before, late by s)
        self._taken = {}  # (terminal key, counter) -> place that took it

    def showed(self, key, place, counter, late_s, window_s):
        """A code is held to a terminal; late_s: how old it is by that terminal's clock."""
        self._shown = key, place, counter, place.newest(), late_s, window_s

    def look(self):
        """The payment that was recorded since a code was shown, or None; I7 if that code was not to
        be taken there any more."""
        if self._shown is None:
            return None
        key, place, counter, before, late_s, window_s = self._shown
        found = place.payment_after(before, self.number, counter - 1)
        if found is None:
            return None
        self._shown = None
        if not window_s[0] <= late_s <= window_s[1]:
            raise Violation("I7", f"phone {self.number} paid with a code {late_s} s old")
        if self._taken.get((key, counter)) is place:
            raise Violation("I7", f"phone {self.number} paid twice with code {counter} at {key}")
        self.is_copied = self.is_copied or any(one == counter for _, one in self._taken)
        self._taken[key, counter] = place
        serial, amount_fen = found
        write = Write(counter, amount_fen, place.number, serial)
        self.balance_fen -= amount_fen
        self.writes.append(write)
        return write
