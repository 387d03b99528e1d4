"""What the tests of the reader share: a chip with cards, driven by words in hexadecimal."""

from terminal_sim.field import Field
from terminal_sim.hsu import Hsu
from terminal_sim.mifare import MifareClassic
from terminal_sim.pn532 import Pn532

UID = bytes.fromhex("deadbeef")
LONG_UID = bytes.fromhex("04112233445566")
FACTORY = "ffffffffffff"

LIST_ONE = "4a 01 00"
LIST_TWO = "4a 02 00"
ONE_TRY = "32 05 ff 01 00"  # MaxRetries: a list without a card answers at once


class Bench:
    """chip, hsu, field, cards. `tell` executes a command and gives the answer in hexadecimal."""

    def __init__(self, *cards):
        self.cards = cards or (MifareClassic(UID),)
        self.field = Field(*self.cards)
        self.chip = Pn532(self.field)
        self.hsu = Hsu(self.chip)

    @property
    def card(self):
        return self.cards[0]

    def tell(self, text):
        """-> the answer after its command code, hexadecimal; None while it waits for a card."""
        command = bytes.fromhex(text)
        answer = self.chip.execute(command[0], command[1:])
        return None if answer is None else answer.hex()

    def exchange(self, text, target=1):
        """InDataExchange -> status and data, hexadecimal."""
        return self.tell(f"40 {target:02x} {text}")

    def authenticate(self, block, name="A", key=FACTORY, target=1):
        """-> status, hexadecimal; the UID is that of the target's card."""
        code = "60" if name == "A" else "61"
        uid4 = self.cards[target - 1].uid[-4:].hex()
        return self.exchange(f"{code} {block:02x} {key} {uid4}", target)

    def line(self, text):
        """Bytes on the UART -> all bytes that come back, hexadecimal."""
        return b"".join(data for _, data in self.hsu.feed(bytes.fromhex(text))).hex(" ")


def selected(*cards):
    """-> a Bench whose (first) card is selected."""
    bench = Bench(*cards)
    bench.tell(LIST_ONE)
    return bench
