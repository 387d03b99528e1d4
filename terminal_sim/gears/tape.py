"""What one terminal of gear 1 was told, and a player for it: the same rules, another interpreter.

A tape is text, a line for each thing that reached the core: power, keys, answers of card and
server, cuts. The player does the same again over a flash of its own. `Witness` names what came of
it: each request of a tap, each word to the server, every byte of flash. Shared dialect, so that
MicroPython plays what CPython recorded; the two names must be equal (I9).

    micropython -m terminal_sim.gears.tape FILE
"""

import binascii
import hashlib
import sys

from firmware.core import layout
from firmware.core.terminal import Terminal
from protocol.errors import ProtocolError
from terminal_sim.flash import Flash, PowerCut


def line(name, values):
    """-> text of one thing that happened; values: ints, bytes, texts, None."""
    return name + "".join([" " + _packed(value) for value in values]) + "\n"


def _packed(value):
    if value is None:
        return "-"
    if isinstance(value, int):
        return "%d" % value
    if isinstance(value, str):
        return "s" + value
    return "x" + binascii.hexlify(value).decode()


def _unpacked(text):
    if text == "-":
        return None
    if text[0] == "s":
        return text[1:]
    return binascii.unhexlify(text[1:]) if text[0] == "x" else int(text)


class Witness:
    """Names what a terminal did."""

    def __init__(self):
        self._said = hashlib.sha256()
        self._name = b""

    def heard(self, said):
        """A body for the server, or None if it has none."""
        self._said.update(said or b"-")

    def asked(self, request):
        """A request of a tap."""
        if request[0] == "card":
            self._said.update(request[1])
        else:
            values = request[2] if request[0] == "show" else ()
            text = [str(value) for value in request[:2]] + [str(value) for value in values]
            self._said.update(" ".join(text).encode())

    def name(self, flash):
        """-> 32 bytes over all it did, and what it holds now. To be asked once."""
        for sector in range(flash.size // 4096):
            self._said.update(flash.read(sector * 4096, 4096))
        self._name = self._name or self._said.digest()
        return self._name


class Player:
    """Plays a tape line by line."""

    def __init__(self):
        self.witness = Witness()
        self.flash = None
        self._laid = None
        self._terminal = None
        self._tap = None

    def play(self, text):
        """One line. What would be a power cut is one."""
        words = text.split()
        values = [_unpacked(word) for word in words[1:]]
        try:
            getattr(self, "_" + words[0])(*values)
        except PowerCut:
            self._tap = None
        except ProtocolError:
            pass  # whoever carried it knows

    def _flash(self, sectors, reprogram, page):
        self._laid = layout.make(1, sectors)
        self.flash = Flash(self._laid.sectors * 4096, 1 if reprogram else 32, bool(reprogram))
        self.flash.program(self._laid.keys.first * 4096, page)

    def _boot(self):
        self._tap = None
        self._terminal = Terminal(self.flash, None, self._laid)
        self._terminal.mount()

    def _cut(self, operations, shape, noise):
        self.flash.cut_after(operations, shape, noise)

    def _key(self, *now):
        self._terminal.key("*", self._terminal.moment(*now))

    def _ready(self, amount_fen):
        self._terminal.kind.ready(amount_fen)

    def _begin(self, *now):
        self._tap = self._terminal.tap(self._terminal.moment(*now))

    def _answer(self, *answer):
        try:
            self.witness.asked(self._tap.send(answer[0] if len(answer) == 1 else answer))
        except StopIteration:
            self._tap = None

    def _open(self, *now):
        self._terminal.on_open(self._terminal.moment(*now))

    def _close(self, *now):
        self._terminal.on_close(self._terminal.moment(*now))

    def _epoch(self):
        self._terminal.next_epoch()

    def _ask(self, *now):
        self.witness.heard(self._terminal.uploader.next_request(self._terminal.moment(*now)))

    def _told(self, utc_s, ticks_ms, reply):
        self._terminal.uploader.on_reply(reply, self._terminal.moment(utc_s, ticks_ms))
        self._terminal.effects()

    def _pushed(self, utc_s, ticks_ms, body):
        now = self._terminal.moment(utc_s, ticks_ms)
        self.witness.heard(self._terminal.uploader.on_request(body, now))


def main(path):
    """Play a file, print the name of what came of it."""
    player = Player()
    with open(path) as lines:
        for text in lines:
            player.play(text)
    print(binascii.hexlify(player.witness.name(player.flash)).decode())


if __name__ == "__main__":
    main(sys.argv[1])
