"""A made-up campus whose records are true: purses that step, torn taps, terminals that chain.

What it is not: the firmware. It makes only what a correct terminal can leave behind, and some
noise (unknown cards, damaged bytes, money without a rule) that a server must bear.
"""

from protocol import record

CARD = {
    "holder_kind": 2, "name": "n", "uid": "5a000001", "valid_until": 13000, "zones": 1,
    "balance_fen": 100_000,
}  # fmt: skip
GREY, DONE, VOID = record.INTENT, record.DONE, record.VOID


class Campus:
    """tapes: terminal -> [raw, ...] in order; `taken_fen`: what left the known cards in truth."""

    def __init__(self, rng, terminals, cards):
        self.rng = rng
        self.tapes = {number: [] for number in terminals}
        self.taken_fen = 0
        self._chains = {number: record.first_chain(number) for number in terminals}
        self._purses = dict.fromkeys(cards, (0, (0, 0)))  # counter, last writer
        self._cards = list(cards)

    def play(self, taps):
        """So many taps anywhere, and at last one on each card at each terminal."""
        for _ in range(taps):
            terminal = self.rng.choice(list(self.tapes))
            dice = self.rng.random()
            if dice < 0.70:
                self._purchase(terminal, self.rng.choice(self._cards))
            elif dice < 0.85:
                self._add(terminal, record.REFUSAL, self.rng.choice(self._cards), DONE)
            elif dice < 0.92:
                self._add(terminal, record.PURCHASE, 900 + self.rng.randrange(3), DONE)
            elif dice < 0.96:
                self._add(terminal, record.REVERSAL, self.rng.choice(self._cards), DONE, flags=0)
            else:
                self._add(terminal, record.EVENT, 0, DONE, flags=0)
        for terminal in self.tapes:
            for card in self._cards:
                self._add(terminal, record.REFUSAL, card, DONE)
        return self

    def _purchase(self, terminal, card):
        fen = self.rng.randrange(1, 900)
        outcome = self.rng.choice((DONE, DONE, DONE, VOID, GREY))
        was_written = outcome == DONE or outcome == GREY and self.rng.random() < 0.5
        serial = self._add(terminal, record.PURCHASE, card, outcome, fen)
        if was_written:
            self._purses[card] = (self._purses[card][0] + 1, (terminal, serial))
            self.taken_fen += fen

    def _add(self, terminal, kind, card, outcome, fen=300, flags=record.PURSE_READ):
        tape = self.tapes[terminal]
        counter, (before, its) = self._purses.get(card, (0, (0, 0)))
        entry = record.Record(
            len(tape) + 1, kind, flags, 0, 1000 + len(tape), card, 1, fen, counter, 0, 0, 0, 0,
            before, its, record.UNKNOWN_AMOUNT_FEN, 0,
        )  # fmt: skip
        raw = record.pack(entry, self._chains[terminal], outcome)
        self._chains[terminal] = record.chain_of(raw)
        tape.append(raw)
        return entry.serial


def deliveries(rng, tapes):
    """The tapes as a bad network may bring them: commits of [(terminal, tail), ...].

    A terminal's records come in order, in batches of any size, some again and again.
    """
    places = dict.fromkeys(tapes, 0)
    while any(places[number] < len(tapes[number]) for number in tapes):
        commit = []
        for _ in range(rng.randrange(1, 4)):
            number = rng.choice(list(tapes))
            start = max(0, places[number] - rng.choice((0, 0, 0, 1, 5, 40)))
            rows = tapes[number][start : start + rng.randrange(1, 50)]
            if rows:
                commit.append((number, b"".join(rows)))
                places[number] = max(places[number], start + len(rows))
        if commit:
            yield commit


def picture(store):
    """All that the store has kept, without order of arrival and times."""
    connection = store.db.conn

    def rows(sql):
        return sorted(connection.execute(sql).fetchall(), key=repr)

    return {
        "accounts": rows("SELECT type, key, balance_fen FROM account WHERE balance_fen <> 0"),
        "transfers": rows(
            "SELECT g.type, g.key, t.type, t.key, x.amount_fen, x.terminal, x.serial FROM transfer"
            " x JOIN account g ON g.id = x.giver JOIN account t ON t.id = x.taker"
        ),
        "records": rows("SELECT terminal, serial, outcome, fault, content FROM record"),
        "steps": rows("SELECT card, counter, terminal, serial FROM step"),
        "quarantine": rows("SELECT terminal, raw, answer, reason FROM quarantine"),
        "counts": store.records.counts(),
    }
