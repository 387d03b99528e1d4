"""A CPU card as the maker delivers it: files and keys are made by whoever has its master key.

Behind IsoDepCard. As delivered it holds nothing but the master key of its main file, which
everybody knows. An application that has all that a wallet needs becomes one (pboc.Wallet). Each
command is carried out whole or not at all, as FM1208's EEPROM does it.
Limits: one application under the main file, one security state (that of the main file: what needs
it has the right 0A here), no secure messaging, no space to run out of. Source: published
descriptions of FMCOS 2.0, chapters 4 (files, rights) and 7 (commands); no card was at hand.
"""

from card_layout import purse_cpu
from card_layout.des import Des
from terminal_sim.pboc import Keys, Wallet

DELIVERED_KEY = b"\xff" * 16
TRIES = 3
MAIN = b"\x3f\x00"
OPEN, MASTER_ONLY = 0xF0, 0x0A  # rights

DONE, WRONG_LENGTH, NO_FILE, EXISTS = 0x9000, 0x6700, 0x6A82, 0x6A89
NOT_ALLOWED, OUT_OF_TURN, BLOCKED = 0x6982, 0x6985, 0x6983
NO_SUCH_COMMAND, WRONG_PLACE, WRONG_DATA, FAILED = 0x6D00, 0x6A86, 0x6A80, 0x63C0

_DIRECTORY, _KEYS, _BINARY, _CYCLIC, _PURSE = 0x38, 0x3F, 0x28, 0x2E, 0x2F
_PURCHASE, _LOAD, _TAC, _INTERNAL, _PIN, _EXTERNAL = 0x3E, 0x3F, 0x34, 0x30, 0x3A, 0x39
_WALLET_KEYS = (_PURCHASE, _LOAD, _TAC, _INTERNAL)


class _Application:
    def __init__(self, name):
        self.name = name
        self.kinds = {}  # file -> kind
        self.rights = {}  # binary file -> who may update it
        self.files = {}  # binary file -> content
        self.keys = {}  # kind -> key
        self.wallet = None


class Fmcos:
    """draw: `random`-like, length -> bytes."""

    def __init__(self, draw):
        self._draw = draw
        self._master = DELIVERED_KEY
        self._tries = TRIES
        self._application = None
        self.reset()

    @property
    def wallet(self):
        """The purse of a card that was made to its end."""
        return self._application.wallet if self._application else None

    @property
    def is_delivered(self):
        """Does everybody's key still open it?"""
        return self._master == DELIVERED_KEY

    def reset(self):
        """Power was gone."""
        self._challenge = b""
        self._is_master = False  # the state of the main file
        self._is_inside = False  # the application is selected
        if self._application and self._application.wallet:
            self._application.wallet.reset()

    def apdu(self, command):
        """-> data and status word; any bytes may come."""
        command = bytes(command)
        if len(command) < 4:
            return WRONG_LENGTH.to_bytes(2, "big")
        row = _COMMANDS.get(command[:2])
        if row is None and self._is_inside and self.wallet:
            return self.wallet.apdu(command)
        if row is None:
            return self._otherwise(command)
        length = command[4] if len(command) > 4 else 0
        data = command[5 : 5 + length]
        if len(data) != length and len(command) > 5:
            return WRONG_LENGTH.to_bytes(2, "big")
        answer, status = row(self, command[2:4], data)
        return answer + status.to_bytes(2, "big")

    def _otherwise(self, command):
        if self._is_inside and command[:2] == b"\x00\xb0" and command[2] & 0xE0 == 0x80:
            content = self._application.files.get(command[2] & 0x1F)
            return b"\x6a\x82" if content is None else content + b"\x90\x00"
        return (OUT_OF_TURN if self._is_inside else NO_SUCH_COMMAND).to_bytes(2, "big")

    def _select(self, place, data):
        if place[0] == 0x00 and data in (MAIN, b""):
            self._is_inside = False
            return b"", DONE
        if place[0] != 0x04:
            return b"", WRONG_PLACE
        found = self._application
        if found is None or data != found.name:
            return b"", NO_FILE
        self._is_inside = True
        if found.wallet:
            found.wallet.apdu(b"\x00\xa4\x04\x00" + bytes((len(data),)) + data)
        return b"\x6f" + bytes((len(data) + 2, 0x84, len(data))) + data, DONE

    def _get_challenge(self, _place, _data):
        self._challenge = self._draw(8)
        return self._challenge, DONE

    def _external_authenticate(self, _place, data):
        challenge, self._challenge = self._challenge, b""
        if self._is_inside or not challenge:
            return b"", OUT_OF_TURN
        if not self._tries:
            return b"", BLOCKED
        self._is_master = data == Des(self._master).encrypt(challenge)
        self._tries = TRIES if self._is_master else self._tries - 1
        return b"", DONE if self._is_master else FAILED | self._tries

    def _erase(self, _place, _data):
        """All that is below the main file; its own key stays."""
        if not self._is_master or self._is_inside:
            return b"", NOT_ALLOWED
        self._application = None
        return b"", DONE

    def _create(self, place, data):
        if not self._is_master:
            return b"", NOT_ALLOWED
        if len(data) < 7:
            return b"", WRONG_LENGTH
        if not self._is_inside:
            return self._create_directory(data)
        number, found = int.from_bytes(place, "big"), self._application
        if number in found.kinds:
            return b"", EXISTS
        size = int.from_bytes(data[1:3], "big")
        if data[0] == _BINARY:
            found.files[number & 0x1F] = bytes(size)
            found.rights[number & 0x1F] = data[4]
        elif data[0] not in (_KEYS, _CYCLIC, _PURSE):
            return b"", WRONG_DATA
        found.kinds[number] = data[0]
        self._become_wallet()
        return b"", DONE

    def _create_directory(self, data):
        if data[0] != _DIRECTORY:
            return b"", WRONG_DATA
        if self._application is not None:
            return b"", EXISTS
        self._application = _Application(data[8:])
        return b"", DONE

    def _write_key(self, place, data):
        if not self._is_master:
            return b"", NOT_ALLOWED
        if place[0] == _EXTERNAL and not self._is_inside:
            if len(data) != 16:
                return b"", WRONG_LENGTH
            self._master = data
            return b"", DONE
        if place[0] != 0x01 or not self._is_inside or _KEYS not in self._application.kinds.values():
            return b"", WRONG_PLACE
        if len(data) != (8 if data[:1] == bytes((_PIN,)) else 21):
            return b"", WRONG_LENGTH
        if data[0] in self._application.keys:
            return b"", EXISTS
        self._application.keys[data[0]] = data[5:]
        self._become_wallet()
        return b"", DONE

    def _update_binary(self, place, data):
        found, number = self._application, place[0] & 0x1F
        if not self._is_inside or place[0] & 0xE0 != 0x80 or number not in found.files:
            return b"", NO_FILE
        if found.rights[number] != OPEN and not self._is_master:
            return b"", NOT_ALLOWED
        if place[1] + len(data) > len(found.files[number]):
            return b"", WRONG_LENGTH
        old = found.files[number]
        found.files[number] = old[: place[1]] + data + old[place[1] + len(data) :]
        return b"", DONE

    def _become_wallet(self):
        """All that a purse needs is there."""
        found = self._application
        needed = (*_WALLET_KEYS, _PIN)
        if found.wallet or not all(key in found.keys for key in needed):
            return
        if not {_CYCLIC, _PURSE} <= set(found.kinds.values()):
            return
        purchase, load, tac, internal = (found.keys[kind] for kind in _WALLET_KEYS)
        own, pin = Keys(purchase, load, tac, internal), found.keys[_PIN].hex()
        found.wallet = Wallet(b"", own, b"", 0, self._draw, pin)
        found.wallet.files = found.files
        found.wallet.apdu(purse_cpu.select())


_COMMANDS = {
    b"\x00\xa4": Fmcos._select,
    b"\x00\x84": Fmcos._get_challenge,
    b"\x00\x82": Fmcos._external_authenticate,
    b"\x80\x0e": Fmcos._erase,
    b"\x80\xe0": Fmcos._create,
    b"\x80\xd4": Fmcos._write_key,
    b"\x00\xd6": Fmcos._update_binary,
}
