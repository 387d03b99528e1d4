"""The application of a CPU card: a few files, and PBOC's electronic wallet with its states.

Commands are a table, CLA and INS -> method; each gives (data, status word). A purchase or a load
has two halves: what the first left is forgotten by any other command. Money changes in one step,
together with counter, log and proof. Limits: EP only (no passbook, no overdraft), one key of each
purpose (two that debit), a PIN of 6 digits that a load wants. Source: PBOC 2.0 part 2 (JR/T
0025.2), ISO 7816-4.
"""

from collections import namedtuple

from card_layout import purse_cpu
from card_layout.des import Des
from card_layout.purse_cpu import EP_LOAD, EP_PURCHASE, LOG_FILE, LOG_LINES

KEY_VERSION, ALGORITHM = 1, 0
PIN_TRIES = 3
BALANCE_MAX_FEN = 0x7FFFFFFF

DONE, WRONG_LENGTH, OUT_OF_TURN, WRONG_PLACE = 0x9000, 0x6700, 0x6985, 0x6A86
NO_FILE, NO_RECORD, NOT_ALLOWED, BLOCKED = 0x6A82, 0x6A83, 0x6982, 0x6983
NO_SUCH_CLASS, NO_SUCH_COMMAND, NO_KEY, TRIES = 0x6E00, 0x6D00, 0x9403, 0x63C0
BAD_DATA = 0x6A80

# What a card is issued with; keys are 16 bytes each.
Keys = namedtuple("Keys", ("purchase", "load", "tac", "internal"))
_Half = namedtuple("_Half", ("kind", "amount_fen", "terminal", "session", "key"))


class Wallet:
    """serial: 8 bytes of the card's own; identity: 16. draw: `random`-like, length -> bytes."""

    def __init__(self, serial, keys, identity, balance_fen, draw, pin="123456"):
        self.serial = serial
        self.keys = keys
        self.files = {purse_cpu.IDENTITY_FILE: identity, purse_cpu.SERIAL_FILE: serial}
        self.balance_fen = balance_fen
        self.counters = {EP_PURCHASE: 0, EP_LOAD: 0}  # offline and online transactions
        self.log = []  # lines, newest first
        self.executed = 0  # transactions that changed the balance
        self._proofs = {}  # kind -> (counter before, MAC2, TAC) of the last one
        self._draw = draw
        self.psam_key = None  # its second purchase key, 16 bytes, where PSAMs debit it
        self._pin = pin
        self._tries = PIN_TRIES
        self.reset()

    def reset(self):
        """Power was gone: nothing but files, money, counters and tries is left."""
        self._is_selected = False
        self._is_verified = False
        self._half = None
        self._challenge = b""

    def apdu(self, command):
        """-> data and status word; any bytes may come."""
        if len(command) < 4:
            return WRONG_LENGTH.to_bytes(2, "big")
        row = _COMMANDS.get((command[0], command[1]))
        half, self._half = self._half, None
        if row is None:
            known = command[0] in (0x00, 0x80)
            answer = b"", NO_SUCH_COMMAND if known else NO_SUCH_CLASS
        elif not self._is_selected and row is not _SELECT:
            answer = b"", OUT_OF_TURN
        else:
            body, expected = _parts(command)
            answer = (b"", WRONG_LENGTH) if body is None else row(self, command[2:4], body, half)
            if answer[1] == DONE and expected and len(answer[0]) > expected:
                answer = answer[0][:expected], DONE
        return answer[0] + answer[1].to_bytes(2, "big")

    # files

    def _select(self, place, body, _half):
        if place[0] != 0x04:
            return b"", WRONG_PLACE
        if body != purse_cpu.NAME:
            return b"", NO_FILE
        self.reset()
        self._is_selected = True
        return b"\x6f" + bytes((len(body) + 2, 0x84, len(body))) + body, DONE

    def _read_binary(self, place, _body, _half):
        content = self.files.get(place[0] & 0x1F) if place[0] & 0xE0 == 0x80 else None
        if content is None:
            return b"", NO_FILE
        return (content[place[1] :], DONE) if place[1] < len(content) else (b"", 0x6B00)

    def _read_record(self, place, _body, _half):
        if place[1] != LOG_FILE << 3 | 4:
            return b"", NO_FILE
        if not 1 <= place[0] <= len(self.log):
            return b"", NO_RECORD
        return self.log[place[0] - 1], DONE

    # who is there

    def _get_challenge(self, _place, _body, _half):
        self._challenge = self._draw(8)
        return self._challenge, DONE

    def _internal_authenticate(self, _place, body, _half):
        if len(body) != 8:
            return b"", WRONG_LENGTH
        return Des(self.keys.internal).encrypt(body), DONE

    def _verify(self, _place, body, _half):
        if not self._tries:
            return b"", BLOCKED
        if body != bytes.fromhex(self._pin):
            self._tries -= 1
            self._is_verified = False
            return b"", TRIES | self._tries
        self._tries = PIN_TRIES
        self._is_verified = True
        return b"", DONE

    # money

    def _get_balance(self, _place, _body, _half):
        return self.balance_fen.to_bytes(4, "big"), DONE

    def _begin(self, place, body, _half):
        if len(body) != 11:
            return b"", WRONG_LENGTH
        amount_fen, terminal = int.from_bytes(body[1:5], "big"), bytes(body[5:])
        key = {1: self.keys.purchase, 2: self.psam_key}.get(body[0])
        if key is None:
            return b"", NO_KEY
        if place == b"\x01\x02":
            return self._begin_purchase(amount_fen, terminal, key)
        if place == b"\x00\x02" and body[0] == 1:
            return self._begin_load(amount_fen, terminal)
        return b"", WRONG_PLACE

    def _begin_purchase(self, amount_fen, terminal, key):
        if amount_fen > self.balance_fen:
            return b"", purse_cpu.TOO_LITTLE
        random = self._draw(4)
        counter = self.counters[EP_PURCHASE].to_bytes(2, "big")
        self._half = _Half(EP_PURCHASE, amount_fen, terminal, random + counter, key)
        head = self.balance_fen.to_bytes(4, "big") + counter + bytes(3)
        return head + bytes((KEY_VERSION, ALGORITHM)) + random, DONE

    def _purchase(self, place, body, half):
        if place != b"\x01\x00":
            return b"", WRONG_PLACE
        if len(body) != 15:
            return b"", WRONG_LENGTH
        if half is None or half.kind != EP_PURCHASE:
            return b"", OUT_OF_TURN
        amount = half.amount_fen.to_bytes(4, "big")
        serial, moment, mac1 = body[:4], body[4:11], body[11:]
        session = Des(half.key).encrypt(half.session + serial[2:])
        said = amount + bytes((EP_PURCHASE,)) + half.terminal
        if mac1 != purse_cpu.mac(session, said + moment):
            return b"", purse_cpu.BAD_MAC
        tac = purse_cpu.mac(_folded(self.keys.tac), said + serial + moment)
        mac2 = purse_cpu.mac(session, amount)
        self._change(half, -half.amount_fen, moment, mac2, tac)
        return tac + mac2, DONE

    def _begin_load(self, amount_fen, terminal):
        if not self._is_verified:
            return b"", NOT_ALLOWED
        if self.balance_fen + amount_fen > BALANCE_MAX_FEN:
            return b"", BAD_DATA
        random = self._draw(4)
        counter = self.counters[EP_LOAD].to_bytes(2, "big")
        session = Des(self.keys.load).encrypt(random + counter + b"\x80\x00")
        self._half = _Half(EP_LOAD, amount_fen, terminal, session, None)
        said = self.balance_fen.to_bytes(4, "big") + amount_fen.to_bytes(4, "big")
        mac1 = purse_cpu.mac(session, said + bytes((EP_LOAD,)) + terminal)
        head = self.balance_fen.to_bytes(4, "big") + counter
        return head + bytes((KEY_VERSION, ALGORITHM)) + random + mac1, DONE

    def _load(self, place, body, half):
        if place != b"\x00\x00":
            return b"", WRONG_PLACE
        if len(body) != 11:
            return b"", WRONG_LENGTH
        if half is None or half.kind != EP_LOAD:
            return b"", OUT_OF_TURN
        moment, mac2 = body[:7], body[7:]
        amount = half.amount_fen.to_bytes(4, "big")
        said = amount + bytes((EP_LOAD,)) + half.terminal + moment
        if mac2 != purse_cpu.mac(half.session, said):
            return b"", purse_cpu.BAD_MAC
        after = (self.balance_fen + half.amount_fen).to_bytes(4, "big")
        counter = self.counters[EP_LOAD].to_bytes(2, "big")
        tac = purse_cpu.mac(_folded(self.keys.tac), after + counter + said)
        self._change(half, half.amount_fen, moment, mac2, tac)
        return tac, DONE

    def _change(self, half, change_fen, moment, mac2, tac):
        counter = self.counters[half.kind]
        line = counter.to_bytes(2, "big") + bytes(3) + half.amount_fen.to_bytes(4, "big")
        self.log.insert(0, line + bytes((half.kind,)) + half.terminal + moment)
        del self.log[LOG_LINES:]
        self._proofs[half.kind] = (counter, mac2, tac)
        self.balance_fen += change_fen
        self.counters[half.kind] = (counter + 1) & 0xFFFF
        self.executed += 1

    def _prove(self, place, body, _half):
        if len(body) != 2:
            return b"", WRONG_LENGTH
        counter, mac2, tac = self._proofs.get(place[1], (None, b"", b""))
        if counter is None or body != counter.to_bytes(2, "big"):
            return b"", purse_cpu.NOTHING_TO_PROVE
        return mac2 + tac, DONE


_SELECT = Wallet._select
_COMMANDS = {
    (0x00, 0xA4): _SELECT,
    (0x00, 0xB0): Wallet._read_binary,
    (0x00, 0xB2): Wallet._read_record,
    (0x00, 0x84): Wallet._get_challenge,
    (0x00, 0x88): Wallet._internal_authenticate,
    (0x00, 0x20): Wallet._verify,
    (0x80, 0x5C): Wallet._get_balance,
    (0x80, 0x50): Wallet._begin,
    (0x80, 0x54): Wallet._purchase,
    (0x80, 0x52): Wallet._load,
    (0x80, 0x5A): Wallet._prove,
}


def _parts(command):
    """-> (data, Le or 0) of a short APDU, (None, 0) if its lengths contradict themselves."""
    rest = command[4:]
    if len(rest) <= 1:
        return b"", rest[0] if rest else 0
    length = rest[0]
    if len(rest) not in (1 + length, 2 + length):
        return None, 0
    return bytes(rest[1 : 1 + length]), rest[1 + length] if len(rest) == 2 + length else 0


def _folded(key):
    """-> 8 bytes: one half of a key over the other, as TACs are made."""
    return bytes([key[at] ^ key[at + 8] for at in range(8)])
