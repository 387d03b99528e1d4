"""The code on a phone at a terminal: two signatures, a moment, a counter; nothing is written to it.

What the bytes mean is card_layout.code's; the order of the questions is docs/code.md's. What it
leaves in the tap: `identity`, `card`, and as `purse` what the issuer allows, and of that what the
account has if a server can be asked: a balance, and a counter that the payment makes one more. A
code has no state that could be torn, so its record is final when it is written. Limits: two issuer
keys; the issuer's word is remembered for the last 64 phones; counters have 24 bits.
"""

import hashlib

from card_layout import base45, code, identity, p256
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from firmware.core import states
from protocol import messages, params, reasons, record

_REMEMBERED = 64
_ISSUERS = 2  # whose tables are kept


class Code:
    """For one terminal."""

    KIND = record.CODE
    COUNTER_MAX = 0xFFFFFF
    HOLDS_MONEY = False
    SEALED = True
    GIVES_ALONE = False  # a terminal can put money on it

    def __init__(self, _keys, _writes):
        self._issuers = {}  # 34 bytes of a parameter -> multiples of the key
        self._issued = []  # digests of what an issuer has signed, the last one last
        p256.prepare()

    def identify(self, tap):
        """Is it a code of ours? Half a code, noise and other codes are not."""
        yield from ()
        try:
            data = base45.decode(tap.private)
            tap.private = data, code.parse(data)
        except (ValueError, code.BadCode):
            tap.reason = reasons.FOREIGN
            return states.REFUSED
        return states.OK

    def authenticate(self, tap):
        """OK or REFUSED."""
        tap.reason = self._fault(tap)
        if tap.reason != reasons.OK:
            return states.REFUSED
        said = tap.private[1].authorisation
        tap.card = said.card
        spent_fen = tap.terminal.seen.spent(said.card)[1]
        cap_fen = max(0, min(said.tap_fen, said.day_fen - spent_fen))
        if self._asks(tap):
            body = yield ("server", messages.encode(messages.BALANCE, (said.card,)))
            has = messages.of_card(said.card, body, messages.BALANCE_STATE)
            cap_fen = min(cap_fen, has[0].fen) if has else cap_fen
        last_day = identity.day_of(said.expiry_utc_s) + 1  # the second was looked at; no time zone
        tap.identity = Identity(
            said.card, said.holder_kind, last_day, said.list_stamp, said.zones, said.issuer
        )
        tap.purse = Purse(tap.private[1].counter - 1, cap_fen, 0, 0)
        return states.OK

    def _asks(self, tap):
        """Is there a server that could say what this phone has?"""
        terminal = tap.terminal
        is_wanted = terminal.kind.PAYS and terminal.params["code_asks"]
        return is_wanted and tap.now.online and not tap.emergency

    def resolve(self, tap, grey):
        """A code never leaves a grey record."""
        yield from ()
        return None

    def previous_amount(self, tap):
        """A phone does not say."""
        return record.UNKNOWN_AMOUNT_FEN

    def _fault(self, tap):
        """The first question of the page whose answer is no."""
        data, found = tap.private
        said, now, seen = found.authorisation, tap.now, tap.terminal.seen
        settings = tap.terminal.params
        if not 0 < found.counter <= self.COUNTER_MAX or not self._is_issued(data, settings):
            return reasons.FOREIGN
        if not now.clock_trusted:
            return reasons.CLOCK_UNSET
        if now.utc_s > said.expiry_utc_s:
            return reasons.EXPIRED
        if not code.shown(data):
            return reasons.ALTERED
        tolerance_s = settings["code_tolerance_s"]
        if not -tolerance_s <= now.utc_s - found.utc_s <= settings["code_window_s"] + tolerance_s:
            return reasons.CODE_LATE
        if seen.has_reached(said.card, found.counter):
            return reasons.CODE_USED
        if not now.online and seen.spent(said.card)[0] >= said.offline_taps:
            return reasons.OFFLINE_TAPS
        return reasons.OK

    def _is_issued(self, data, settings):
        """Has an issuer of ours signed it? Asked once for each phone and authorisation."""
        digest = hashlib.sha256(code.authorised_part(data)).digest()[:16]
        if digest not in self._issued:
            number = code.parse(data).authorisation.issuer
            tables = [self._issuer(k) for k in _split(settings["code_issuers"]) if k[0] == number]
            if not any(table and code.issued(data, table) for table in tables):
                return False
            self._issued = self._issued[1 - _REMEMBERED :] + [digest]
        return True

    def learn(self, settings):
        """Make the table of an issuer's key that has none yet. -> True if there was one."""
        for key in _split(settings["code_issuers"]):
            if key not in self._issuers:
                self._issuer(key)
                return True
        return False

    def _issuer(self, key):
        """-> multiples of the key in a parameter, None if it is none."""
        if key not in self._issuers:
            if len(self._issuers) == _ISSUERS:  # there are others now
                self._issuers = {}
            point = p256.decode(key[1:])
            self._issuers[key] = None if point is None else p256.multiples(point)
        return self._issuers[key]


def _split(keys):
    """-> the 34 bytes of each issuer: its number, its key."""
    size = params.ISSUER_SIZE
    return [bytes(keys[at : at + size]) for at in range(0, len(keys), size)]
