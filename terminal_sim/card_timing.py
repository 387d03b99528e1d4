"""How long a card is busy with each command, and the meter that adds it up.

It is a model for comparing ways to use a card, not a clock: nothing waits here. The times are the
data sheet's for a MIFARE Classic at 106 kbit/s, frames, guard times and EEPROM included; a HALT
and a frame nobody answers cost the card nothing.
Source: NXP MF1S50YYX data sheet, quick reference data and section 12; PN532 user manual
UM0701-02, section 7.3.1, for the time-outs of the chip.
"""

CARD_US = {
    "select": 2500,
    "authenticate": 2000,
    "read": 2500,
    "write": 5500,
    "increment": 2500,
    "decrement": 2500,
    "restore": 2500,
    "transfer": 4500,
    "halt": 0,
    "other": 0,
    "rats": 3000,
    "block": 1000,  # of ISO-DEP: guard times and the card's own; its bytes come on top
}

SILENCE_US = 51200  # the chip's default time-out for an answer, spent by the chip and not the card
BYTE_US = 85  # on the air at 106 kbit/s: 9 bits
POLL_US = 5000  # one look for a card that is not there
BITS_PER_BYTE = 10  # on the UART: start bit, eight, stop bit


def uart_us(length, baud):
    """-> microseconds that `length` bytes take on the UART at `baud`."""
    return length * BITS_PER_BYTE * 1000000 // baud


class Meter:
    """Counts card commands and the card's time; always on, so it does next to nothing.

    card_us: busy time of all cards so far. spent_us: what the chip waited since it was last set
    to 0, time-outs included. counts: name -> commands. trace: None, or a list that gets
    (name, block or None) of each command for who wants to look.
    """

    def __init__(self):
        self.card_us = 0
        self.spent_us = 0
        self.counts = dict.fromkeys(CARD_US, 0)
        self.trace = None

    def card(self, name, block=None):
        """One card command of CARD_US was put on the air."""
        self.card_us += CARD_US[name]
        self.spent_us += CARD_US[name]
        self.counts[name] += 1
        if self.trace is not None:
            self.trace.append((name, block))

    def busy(self, duration_us):
        """The card took so long beside what its commands' names say."""
        self.card_us += duration_us
        self.spent_us += duration_us

    def wait(self, duration_us):
        """The chip waited in vain."""
        self.spent_us += duration_us

    @property
    def card_commands(self):
        """-> card commands so far, all names together."""
        return sum(self.counts.values())
