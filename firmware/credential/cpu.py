"""The CPU card at a terminal: it proves itself, pays by its own wallet, and can be asked about it.

What the APDUs mean is card_layout.purse_cpu's. What it leaves in the tap: `identity`, `purse`
(counter, balance, and who wrote it, from the card's log), `card`; in `private` the amount of the
purchase before; in `proof` the TAC of a purchase; in `number` the one that a PSAM gave it. Who
has the keys that debit it: wallet_flash or wallet_psam. Limits: 65,535 purchases in a card's life;
a torn purchase whose session key went with the power is settled by the card's log, and the server
checks its TAC.
"""

import struct

from card_layout import identity, keys, purse_cpu
from card_layout.block import Altered
from card_layout.des import Des
from card_layout.purse_m1 import Purse
from firmware.core import states
from firmware.core.keystore import PURSE
from firmware.credential import air
from protocol import reasons, record

_SESSIONS = 4  # of purchases whose end is not known
_NOBODY = None, b""
_U32 = 0xFFFFFFFF


class Cpu:
    """For one terminal: its key store, its number."""

    KIND = record.CPU
    COUNTER_MAX = 0xFFFF
    HOLDS_MONEY = True
    SEALED = False  # nobody vouches for its counter before it has paid
    GIVES_ALONE = False  # a terminal can put money on it
    PRESENCE = purse_cpu.select()  # a command that a card answers that was served

    def __init__(self, keys, writes):
        self._keys = keys
        self._writes = writes
        self._store = _store_of(keys)
        self._torn = []  # (serial, session key)
        self._own = []  # (moment, serial, PSAM's number) of purchases by a PSAM

    def identify(self, tap):
        """Nothing more to ask before authentication."""
        yield from ()
        if len(tap.uid) in (4, 7):
            return states.OK
        tap.reason = reasons.FOREIGN
        return states.REFUSED

    def authenticate(self, tap):
        """Is it the application, is it the card, what does it hold? OK, GONE or REFUSED."""
        word, _ = yield from _ask(purse_cpu.select())
        if word != purse_cpu.OK:
            return _turned_away(tap, word)
        word, block = yield from _ask(purse_cpu.read_binary(purse_cpu.IDENTITY_FILE, 16))
        if word != purse_cpu.OK:
            return _turned_away(tap, word)
        challenge = self._challenge(tap)
        word, answer = yield from _ask(purse_cpu.internal_authenticate(challenge))
        if word is None:
            return states.GONE
        who = self._who(tap, block)
        if who is None or word != purse_cpu.OK:
            return _turned_away(tap, word, reasons.ALTERED)
        encrypt = self._keys.encryptor(PURSE, who.key_version)
        if answer != Des(keys.wallet_key(encrypt, tap.uid, "I")).encrypt(challenge):
            return _turned_away(tap, word, reasons.ALTERED)
        return (yield from self._look(tap, who))

    def _who(self, tap, block):
        """The Identity of the file, None if it is under no key of ours that still counts."""
        for version in self._keys.versions:
            mac = keys.card_mac(self._keys.encryptor(PURSE, version), tap.uid)
            try:
                who = identity.unpack(block, tap.uid, mac)
            except Altered:
                continue
            counts = version >= tap.terminal.params["oldest_card_key"]
            return who if counts and who.key_version == version else None
        return None

    def _look(self, tap, who):
        """Balance, counter, and who wrote them."""
        number = self._keys.number
        word, answer = yield from _ask(purse_cpu.begin_purchase(0, number, 0))
        begun = purse_cpu.begun(answer)
        if word is None:
            return states.GONE
        if begun is None or begun[0] >= record.UNKNOWN_AMOUNT_FEN:
            return _turned_away(tap, word, reasons.ALTERED)
        balance_fen, counter, _ = begun
        last = None
        for place in range(1, purse_cpu.LOG_LINES + 1):  # mostly it is the first
            word, line = yield from _ask(purse_cpu.read_log(place))
            if word is None:
                return states.GONE
            last = purse_cpu.logged(line)
            if last is None or last[2] != purse_cpu.EP_LOAD:
                break
        if _contradicts(last, counter):
            return _turned_away(tap, word, reasons.ALTERED)
        terminal, serial, amount_fen = 0, 0, record.UNKNOWN_AMOUNT_FEN
        if last and last[2] == purse_cpu.EP_PURCHASE:
            _, amount_fen, _, terminal, serial = last
            if not serial:  # by a PSAM
                serial = purse_cpu.logged_at(line)
                for moment, own, _ in self._own:
                    if (terminal, serial) == (number, moment):
                        serial = own
        tap.identity, tap.card = who, who.card
        tap.private = min(amount_fen, record.UNKNOWN_AMOUNT_FEN)  # nobody vouches for the log
        tap.purse = Purse(counter, balance_fen, terminal, serial)
        if self._writes:
            yield from self._store.find()
        return states.OK

    def debit(self, tap):
        """INITIALIZE and DEBIT FOR PURCHASE. OK, GONE (not known) or NOT_WRITTEN."""
        store, amount_fen = self._store, tap.amount_fen
        if store.missing:
            tap.reason = reasons.NO_PSAM
            return states.NOT_WRITTEN
        name = store.name(tap.serial)
        _, answer = yield from _ask(purse_cpu.begin_purchase(amount_fen, *name, key=store.KEY))
        begun = purse_cpu.begun(answer)
        if begun is None or begun[:2] != (tap.purse.balance_fen, tap.purse.counter):
            return states.NOT_WRITTEN
        moment = purse_cpu.moment_of(tap.now.utc_s)
        card = tap.uid, tap.identity.key_version
        made = yield from store.mac1(card, begun, amount_fen, name[1], moment)
        if made is None:
            tap.reason = reasons.NO_PSAM if store.missing else reasons.OK
            return states.NOT_WRITTEN
        self._torn = self._torn[1 - _SESSIONS :] + [(tap.serial, store.session)]
        tap.number = made[0] if store.COUNTS else 0
        if store.COUNTS:
            self._own = self._own[1 - _SESSIONS :] + [(tap.now.utc_s, tap.serial, tap.number)]
        word, answer = yield from _ask(purse_cpu.purchase(made[0], moment, made[1]))
        is_paid = word == purse_cpu.OK
        if is_paid:
            is_paid = yield from store.is_paid(answer[4:], amount_fen)
        if not is_paid and (answer or word not in purse_cpu.REFUSALS):
            return states.GONE  # a card that refuses says a word that we know, and nothing else
        self._torn.pop()
        if not is_paid:
            return states.NOT_WRITTEN
        tap.proof = int.from_bytes(answer[:4], "big")
        return states.OK

    def prepare(self, tap, grant, pin):
        """What `credit` needs to know, None if card or server do not want to."""
        from firmware.credential import cpu_load  # no memory for it where no card is loaded

        return (yield from cpu_load.prepare(self._keys, tap, grant, pin))

    def credit(self, tap, prepared):
        """Put tap.amount_fen on the card, as the server said. OK, GONE or NOT_WRITTEN."""
        from firmware.credential import cpu_load

        return (yield from cpu_load.credit(self._keys, tap, prepared))

    def resolve(self, tap, grey):
        """DONE or VOID for a grey record of this card, None if that cannot be known here; GONE from
        a card that left, or of which one answer belies another."""
        if grey.type == record.LOAD:
            from firmware.credential import cpu_load

            return (yield from cpu_load.resolve(self._keys, tap, grey))
        if tap.purse.counter == grey.counter:
            return record.VOID
        if tap.purse.counter != grey.counter + 1:
            return None
        session = dict(self._torn).get(grey.serial)
        if session is None and not tap.purse.terminal:
            return None
        number = self._keys.number
        is_named = (tap.purse.terminal, tap.private) == (number, grey.amount_fen)
        name = tap.purse.serial  # a clock may be of 1970: its second is no name then
        is_named = is_named and name in (grey.serial, max(grey.utc_s, purse_cpu.FIRST_MOMENT))
        word, answer = yield from _ask(purse_cpu.prove(grey.counter))
        if word is None:
            return states.GONE
        is_ours = is_named  # power failed since: the log says whose it is, the TAC vouches for it
        if session is not None:
            is_ours = answer[:4] == purse_cpu.mac2(session, grey.amount_fen)
        if word != purse_cpu.OK or len(answer) != 8 or not is_ours:
            return states.GONE if is_named else record.VOID
        for _, serial, told in self._own:
            if serial == grey.serial:
                tap.number = told
        if tap.number or not self._store.COUNTS:  # else nobody can check what it proves
            tap.proof = int.from_bytes(answer[4:], "big")
        if tap.purse.serial != grey.serial:  # the log named it by its moment
            self._own = self._own[1 - _SESSIONS :] + [(grey.utc_s, grey.serial, 0)]
            tap.purse = Purse(tap.purse.counter, tap.purse.balance_fen, number, grey.serial)
        return record.DONE

    def previous_amount(self, tap):
        """fen that the card's last purchase took, as the record has it."""
        return tap.private

    def paid(self, tap):
        """The purse is now what the purchase made of it, and this terminal wrote it."""
        before, tap.private = tap.purse, tap.amount_fen
        balance_fen = before.balance_fen - tap.amount_fen
        tap.purse = Purse(before.counter + 1, balance_fen, self._keys.number, tap.serial)

    def _challenge(self, tap):
        """8 bytes that nobody can foretell who has not the key; no two taps have the same."""
        now = tap.now
        body = struct.pack(
            ">HIII", 0xC0C0, tap.terminal.journal.serial_next, now.ticks_ms & _U32, now.utc_s & _U32
        )
        return self._keys.encrypt(PURSE, body + b"\0\0")[:8]


def _contradicts(last, counter):
    """Does the newest line of the log that is no load (None: it has none) belie the counter?"""
    if last is None or last[2] == purse_cpu.EP_PURCHASE:
        return counter != (last[0] + 1 if last else 0)
    return last[2] != purse_cpu.EP_LOAD


def _store_of(keys):
    """-> who has the keys that debit cards."""
    if keys.has_psam:
        from firmware.credential.wallet_psam import InPsam as store  # no other has it in RAM
    else:
        from firmware.credential.wallet_flash import Diversified as store
    return store(keys)


def _ask(apdu):
    """(status word or None for a card that is gone, data)."""
    status, answer = yield ("card", apdu)
    if status != air.OK or len(answer) < 2:
        return _NOBODY
    return int.from_bytes(answer[-2:], "big"), bytes(answer[:-2])


def _turned_away(tap, word, reason=reasons.FOREIGN):
    """What a card that does not answer as ours comes to."""
    if word is None:
        return states.GONE
    tap.reason = reason
    return states.REFUSED
