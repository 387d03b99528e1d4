"""Was the ledger right all the time? A checker of histories, in the manner of Jepsen's bank test.

It imports nothing of ours: its own SQL, its own reading of the 64 bytes. It knows nothing of chains
or faults of records, so it is for honest cards: each card is taken from only as its records say.

A history is JSON lines, in the order in which they happened:
 {"do": "invoke", "op": N, "terminal": T, "raws": [hex, ...]}  before a batch is handed in
 {"do": "ok", "op": N, "answers": [[answer, reason], ...]}     it was answered
 {"do": "fail", "op": N}                          it was refused: nothing of it is there
 {"do": "issue", "cards": {"number": fen, ...}}   cards that were issued
 {"do": "killed"}                                 the server died; what runs is unknown
 {"do": "read", "sum": fen, "purses": {...}, "transfers": n, "records": n, "highest": {...}}
"""

import json
import sqlite3
from collections import defaultdict

STORED, EXISTS, EXISTS_DIFFERENT, QUARANTINED = 1, 2, 3, 4
PURCHASE = 1


def purchase_of(raw):
    """(card, counter, amount_fen) of a record that took money, by its bytes; else None."""
    number = int.from_bytes
    outcome = raw[60]
    is_done = outcome & 0xF0 != 0xF0
    if raw[4] != PURCHASE or not is_done or not raw[5] & 16:
        return None
    return number(raw[12:15], "big"), number(raw[20:23], "big"), number(raw[16:20], "big")


def read(path):
    """A read of the whole bank, as a line of a history."""
    connection = sqlite3.connect(path, timeout=10)
    try:
        connection.execute("BEGIN")
        one = connection.execute
        return {
            "do": "read",
            "sum": one("SELECT coalesce(sum(balance_fen), 0) FROM account").fetchone()[0],
            "purses": dict(one("SELECT key, balance_fen FROM account WHERE type = 'purse'")),
            "transfers": one("SELECT count(*) FROM transfer").fetchone()[0],
            "records": one("SELECT count(*) FROM record").fetchone()[0],
            "highest": dict(one("SELECT terminal, max(serial) FROM record GROUP BY terminal")),
        }
    finally:
        connection.close()


class Checker:
    """`problems`: what is wrong, as sentences."""

    def __init__(self):
        self.problems = []
        self._issued = {}
        self._open = {}  # op -> its invocation
        self._handed = defaultdict(dict)  # terminal -> serial -> content of what was handed in
        self._answered = {}  # (terminal, serial) -> raw that was acknowledged
        self._unknown = set()  # (terminal, serial) that were under way at a kill
        self._refused = set()  # (terminal, serial) that were refused and not handed in since
        self._last_read = None

    def check(self, history, path):
        """`history`: lines; `path`: the database at the end. -> problems."""
        for line in history:
            step = json.loads(line)
            getattr(self, "_" + step["do"])(step)
        connection = sqlite3.connect(path)
        try:
            self._check_records(connection)
            self._check_ledger(connection)
        finally:
            connection.close()
        return self.problems

    def _say(self, sentence):
        self.problems.append(sentence)

    # history

    def _issue(self, step):
        self._issued |= {int(card): fen for card, fen in step["cards"].items()}

    def _invoke(self, step):
        self._open[step["op"]] = step
        for text in step["raws"]:
            raw = bytes.fromhex(text)
            serial = int.from_bytes(raw[:4], "big")
            self._handed[step["terminal"]][serial] = raw[:60]
            self._refused.discard((step["terminal"], serial))

    def _ok(self, step):
        asked = self._open.pop(step["op"])
        if len(step["answers"]) != len(asked["raws"]):
            self._say(f"op {step['op']}: not one answer for each record")
        for text, (answer, reason) in zip(asked["raws"], step["answers"]):
            raw = bytes.fromhex(text)
            key = asked["terminal"], int.from_bytes(raw[:4], "big")
            if answer == STORED and key in self._answered:
                self._say(f"record {key} was stored twice")
            if answer not in (STORED, EXISTS):
                self._say(f"record {key} of an honest terminal was answered {answer}, {reason}")
            self._answered[key] = raw

    def _fail(self, step):
        asked = self._open.pop(step["op"])
        for text in asked["raws"]:
            key = asked["terminal"], int.from_bytes(bytes.fromhex(text)[:4], "big")
            if key not in self._answered and key not in self._unknown:
                self._refused.add(key)

    def _killed(self, step):
        for asked in self._open.values():
            serials = [int.from_bytes(bytes.fromhex(text)[:4], "big") for text in asked["raws"]]
            self._unknown |= {(asked["terminal"], serial) for serial in serials}
        self._open.clear()

    def _read(self, step):
        if step["sum"] != 0:
            self._say(f"a read saw a sum of {step['sum']}")
        before, self._last_read = self._last_read, step
        if before is None:
            return
        for name in ("transfers", "records"):
            if step[name] < before[name]:
                self._say(f"{name} fell from {before[name]} to {step[name]}")
        for terminal, serial in before["highest"].items():
            if step["highest"].get(terminal, 0) < serial:
                self._say(f"terminal {terminal} fell back from {serial}")
        for card, fen in before["purses"].items():
            if step["purses"].get(card, fen + 1) > fen:
                self._say(f"purse {card} grew from {fen} to {step['purses'].get(card)}")

    # the end

    def _check_records(self, connection):
        kept = {}
        for terminal, serial, content, outcome in connection.execute(
            "SELECT terminal, serial, content, outcome FROM record"
        ):
            kept[terminal, serial] = content, outcome
            if self._handed[terminal].get(serial) != content:
                self._say(f"record {(terminal, serial)} is not what was handed in")
            if (terminal, serial) in self._refused:
                self._say(f"record {(terminal, serial)} was refused, and is there")
        for key, raw in self._answered.items():
            if key not in kept:
                self._say(f"record {key} was acknowledged and is gone")
            elif kept[key][0] != raw[:60]:
                self._say(f"record {key} was acknowledged and is another now")
        self._taken = defaultdict(dict)  # card -> counter -> fen
        for key, (content, outcome) in kept.items():
            made = purchase_of(content + bytes([outcome]) + b"\xff\xff\xff")
            if made is None:
                continue
            card, counter, fen = made
            if counter in self._taken[card]:
                self._say(f"card {card} was taken from twice at counter {counter}, by {key}")
            self._taken[card][counter] = fen

    def _check_ledger(self, connection):
        sums = defaultdict(int)
        for account, fen in connection.execute("SELECT account, amount_fen FROM posting"):
            sums[account] += fen
        balances = {}
        for number, kind, key, fen in connection.execute(
            "SELECT id, type, key, balance_fen FROM account"
        ):
            balances[kind, key] = fen
            if sums[number] != fen:
                self._say(f"account {kind} {key} says {fen}, its postings {sums[number]}")
        if sum(balances.values()):
            self._say(f"the sum is {sum(balances.values())}")
        for card, start_fen in self._issued.items():
            want = start_fen - sum(self._taken[card].values())
            have = balances.get(("purse", str(card)), 0)
            if have != want:
                self._say(f"purse {card} has {have}, its records leave {want}")
        twice = connection.execute(
            "SELECT terminal, serial, count(*) FROM transfer WHERE serial <> 0"
            " GROUP BY terminal, serial HAVING count(*) > 1"
        ).fetchall()
        if twice:
            self._say(f"posted more than once: {twice}")
