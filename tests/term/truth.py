"""The story's truth: a plain table of who has how much, and what else people saw.

Nothing here is ever read from the server; it gave the names of cards and terminals, no amounts.
Accounts are named as the ledger names them, so that the two can be laid side by side.
"""

from collections import Counter, defaultdict

BANK, FEES, FOUNDATION = ("bank", ""), ("fee", "card"), ("foundation", "")
SHARE, REFUND = ("fee", "merchant"), ("suspense", "refund")
FEE_FEN = 1500  # Art. 10: a replacement, and a temporary card


def purse(card):
    return ("purse", str(card))


def account(card):
    return ("account", str(card))


def merchant(name):
    return ("merchant", name)


class Truth:
    """fen: account -> what it has. taps: (terminal, card, fen) -> how often a screen said yes, 0
    fen at a gate. bears: (card, terminal, fen) -> (who, by which rule). lost: kind of loss -> how
    many cards. cash: date -> fen that was carried to the bank. lines: what else the bank did,
    (date, fen, reference, text)."""

    def __init__(self):
        self.fen = defaultdict(int)
        self.taps = Counter()
        self.bears = {}
        self.lost = Counter()
        self.cash = defaultdict(int)
        self.lines = []
        self.sold = defaultdict(int)  # merchant -> since it was paid last

    def move(self, giver, taker, fen):
        """Money goes from one to the other."""
        self.fen[giver] -= fen
        self.fen[taker] += fen

    def cash_in(self, date, taker, fen):
        """Notes and coins over the desk, carried to the bank in the evening."""
        self.move(BANK, taker, fen)
        self.cash[date] += fen

    def paid(self, terminal, name, card, fen):
        """A till's screen said that it is paid."""
        self.move(purse(card), merchant(name), fen)
        self.sold[name] += fen
        self.taps[terminal, card, fen] += 1

    def passed(self, terminal, card):
        """A gate opened."""
        self.taps[terminal, card, 0] += 1

    def bank_pays(self, date, giver, fen, reference, text):
        """The bank does what it was told."""
        self.move(giver, BANK, fen)
        self.lines.append((date, -fen, reference, text))

    def has(self, card):
        """Fen on a card."""
        return self.fen[purse(card)]

    def accounts(self):
        """Those that have something."""
        return {name: fen for name, fen in self.fen.items() if fen}
