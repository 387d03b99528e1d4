"""The server of gear 1: the rules of sync_server.core over dicts, answering message bodies.

No database, no socket, no session: what the store keeps in tables is kept in memory, what the
gateway does in threads is a call. A commit is all or nothing here too: a server that is killed
before it comes back as it was, and a backup is the same state, put aside. What it is not: a model
of the rules; they are the real ones.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import replace
from typing import NamedTuple

from protocol import batch, blacklist, messages, params, reasons, record, states
from sync_server.core import ingest, ledger, loss_lists
from sync_server.core.known import Known, Place, Result
from sync_server.core.ledger import Account, Transfer
from sync_server.core.rebuild import Named

_NOTHING = -1  # the terminal has no list that a change could start from
BEYOND = 1 << 16  # more numbers than any journal holds, as store.lost.of
_MOST_FAILS = 3  # commits in a row


class Died(Exception):
    """The server was killed; every session is gone. It is back at once.

    transfers: those of the commit that it had just made.
    """

    def __init__(self, transfers: list[Transfer]):
        super().__init__()
        self.transfers = transfers


class State(NamedTuple):
    """All that a backup of the database holds."""

    known: Known
    step_fen: dict[tuple[int, int], tuple[int | None, int | None]]
    rows: list[Transfer]
    balances: defaultdict[Account, int]
    versions: list[frozenset[int]]
    forks: set[tuple[int, int]]
    contradicted: set[tuple[int, int]]
    bad_proofs: set[tuple[int, int]]
    faults: Counter[int]


class Memory:
    """terminals: number -> merchant; cards: number -> fen on the card when it was issued.

    wishes: name -> value of the parameters that every terminal shall have.
    """

    def __init__(self, terminals: dict[int, str], cards: dict[int, int],
                 wishes: dict[str, int], tac_keys: dict[int, bytes] | None = None):  # fmt: skip
        self.rows: list[Transfer] = []
        self.settled = 0  # greys that the chain of their card settled
        self.known = Known(places={n: Place(m) for n, m in terminals.items()}, cards=set(cards))
        self.known.tac_keys.update(tac_keys or {})
        self.balances: defaultdict[Account, int] = defaultdict(int)
        self.versions: list[frozenset[int]] = [frozenset()]
        self.ever = {0: {frozenset[int]()}}  # version -> every set that was published as it
        self.forks: set[tuple[int, int]] = set()  # records that claim another's step
        self.contradicted: set[tuple[int, int]] = set()  # that name a void one as their card's last
        self.bad_proofs: set[tuple[int, int]] = set()  # events whose TAC is not the card's
        self.faults: Counter[int] = Counter()  # reason -> records that were found faulty
        self.kills = 0
        self.rebuilt = 0  # records of burnt terminals
        self.utc_s = 0
        self._step_fen: dict[tuple[int, int], tuple[int | None, int | None]] = {}
        self._digests: dict[frozenset[int], bytes] = {}
        self._held = dict.fromkeys(terminals, _NOTHING)  # list version each terminal reported
        self._has_params = dict.fromkeys(terminals, False)
        self._params, self._params_version = params.pack(wishes), 1
        self._universe = loss_lists.universe(max(cards))
        self._trouble: deque[tuple[str, int]] = deque()
        for card, fen in cards.items():
            self.known.knots[card] = {0: fen}
            made = ledger.issue(card, fen)
            if made:
                self._book(made)

    def trace(self) -> tuple[int, int]:
        """What a stranger must not change."""
        return len(self.known.records), len(self.rows)

    def sum_fen(self) -> int:
        """Over all accounts: 0, always (I1)."""
        return sum(self.balances.values())

    @property
    def newest(self) -> int:
        """Version of the list as it is now."""
        return len(self.versions) - 1

    def purse_fen(self, card: int) -> int:
        """What the ledger says a card holds."""
        return self.balances[ledger.purse(card)]

    def grey(self) -> int:
        """Records whose outcome is not known."""
        return sum(len(greys) for greys in self.known.greys.values())

    def greys(self) -> list[tuple[int, int, int, int]]:
        """(card, counter, terminal, serial) of each."""
        return [
            (card, grey.entry.counter, *grey.writer)
            for card, greys in self.known.greys.items()
            for grey in greys
        ]

    def received(self) -> dict[int, set[int]]:
        """Terminal -> serials of all its records that are here."""
        serials: dict[int, set[int]] = {number: set() for number in self.known.places}
        for number, serial in self.known.records:
            serials[number].add(serial)
        return serials

    def card_of(self, terminal: int, serial: int) -> int:
        """Card number of a record that is here."""
        return record.unpack(self.known.records[terminal, serial][0] + b"\xff" * 4).card

    def wish(self, wishes: dict[str, int | bytes]) -> None:
        """Every terminal shall have other parameters."""
        self._params, self._params_version = params.pack(wishes), self._params_version + 1
        self._has_params = dict.fromkeys(self._has_params, False)

    def relist(self, card: int, listed: bool) -> None:
        """A loss report or its withdrawal: a new version."""
        now = self.versions[-1]
        self.versions.append(now | {card} if listed else now - {card})
        self.ever.setdefault(self.newest, set()).add(self.versions[-1])

    # troubles

    def trouble(self, fault: str, n: int) -> None:
        """Meet this at the next commit: "kill" before it or after it, "disk_full", "locked"."""
        if fault == "kill":
            self._trouble.append((fault, n))
        else:
            self._trouble.extend([(fault, n)] * (1 + n % _MOST_FAILS))

    def restart(self) -> None:
        """The process ends and comes back: what it knew of its connections is gone."""
        self._held = dict.fromkeys(self._held, _NOTHING)
        self._has_params = dict.fromkeys(self._has_params, False)

    def calm(self) -> None:
        """No trouble any more."""
        self._trouble.clear()

    def backup(self) -> State:
        """All that is in the database, put aside."""
        known = self.known
        return State(
            Known(
                {number: replace(place) for number, place in known.places.items()},
                set(known.cards),
                dict(known.records),
                dict(known.steps),
                {card: list(greys) for card, greys in known.greys.items()},
                {card: [replace(span) for span in spans] for card, spans in known.spans.items()},
                {card: dict(knots) for card, knots in known.knots.items()},
                known.tac_keys,
            ),
            dict(self._step_fen),
            list(self.rows),
            self.balances.copy(),
            list(self.versions),
            set(self.forks),
            set(self.contradicted),
            set(self.bad_proofs),
            Counter(self.faults),
        )

    def restore(self, state: State) -> None:
        """The database is this again, and the process another."""
        self.known, self._step_fen, self.rows, self.balances, self.versions = state[:5]
        self.forks, self.contradicted, self.bad_proofs, self.faults = state[5:]
        self.restart()

    def replaced(self, number: int) -> list[Transfer]:
        """A terminal burnt: what it has not sent is lost, and rebuilt from what its cards tell.

        -> transfers of what they have told by now.
        """
        place, known = self.known.places[number], self.known
        named = max((serial for at, serial in known.steps.values() if at == number), default=0)
        first = place.used + 1
        place.lost += ((first, max(place.used, named) + BEYOND),)
        result = Result()
        for (card, counter), writer in sorted(known.steps.items()):
            if writer[0] == number and writer[1] >= first and writer not in known.records:
                told = Named(card, counter, *writer, *self._step_fen[card, counter])
                ingest.find(told, known, result)
        for transfer in result.transfers:
            self._book(transfer)
        self.rebuilt += sum(span.exact for span in result.rebuilt)
        self._held[number], self._has_params[number] = _NOTHING, False
        return result.transfers

    # what terminals ask, and what they are told

    def serve(self, number: int, body: bytes) -> tuple[bytes | None, list[Transfer]]:
        """One request of a terminal. -> (reply body or None, transfers that it caused).

        Died when the server is killed in it; whether its commit held, the terminal can't know.
        """
        kind, values, tail = messages.decode(body, states.TERMINAL)
        if kind == messages.BATCH:
            return self._commit(number, tail)
        if kind == messages.REPORT:
            same = self._digest(self.versions[-1])[:8] == values.list_digest
            known = values.list_version < self.newest + same
            self._held[number] = values.list_version if known else _NOTHING
            self._has_params[number] = values.params_version == self._params_version
            return self._state(number), []
        if kind == messages.BALANCE:
            fen = max(0, self.purse_fen(values.card))
            return messages.encode(messages.BALANCE_STATE, (values.card, fen)), []
        return self._chunk(values), []

    def push(self, number: int, whole: bool = False) -> bytes | None:
        """Body of what this terminal shall be told next, None if it has all.

        Parameters first; then what changed on the list, or, `whole`, that there is a new one.
        """
        if not self._has_params[number]:
            return messages.encode(messages.PARAMS, (self._params_version,), self._params)
        before, after = self._held[number], self.newest
        if before == after:
            return None
        if whole or before == _NOTHING:
            return messages.encode(messages.NEWS, (messages.BLACKLIST, after))
        old, new = self.versions[before], self.versions[after]
        blob = blacklist.encode_delta(sorted(new - old), sorted(old - new), self._universe)
        values = (messages.BLACKLIST, before, after, self._digest(new))
        return messages.encode(messages.DELTA, values, blob)

    def pushed(self, number: int, reply: bytes) -> None:
        """The terminal's answer to a push."""
        kind, values, _ = messages.decode(reply, states.TERMINAL)
        if kind == messages.PARAMS_STATE:
            self._has_params[number] = values.version == self._params_version
        elif kind == messages.LIST_STATE:
            same = values.version <= self.newest and values.digest == self._digest(
                self.versions[values.version]
            )
            self._held[number] = values.version if same else _NOTHING

    def _digest(self, cards: frozenset[int]) -> bytes:
        if cards not in self._digests:
            self._digests[cards] = loss_lists.digest(cards, self._universe)
        return self._digests[cards]

    def _state(self, number: int) -> bytes:
        highest = self.known.places[number].used
        state = (self.utc_s, self.newest, 0, self._params_version, highest, 0)
        return messages.encode(messages.STATE, state)

    def _commit(self, number: int, tail: bytes) -> tuple[bytes | None, list[Transfer]]:
        """A batch, in whatever trouble is due."""
        if not self._trouble:
            return self._ingest(number, tail)
        fault, n = self._trouble.popleft()
        if fault != "kill":  # an error of the database is answered, or the answer never comes
            return messages.encode(messages.PROBLEM, (messages.FAILED,)) if n & 1 else None, []
        self.kills += 1
        before, settled = self.backup(), self.settled
        _, transfers = self._ingest(number, tail)
        if n & 1:  # all its statements, and no commit
            self.restore(before)
            transfers, self.settled = [], settled
        self.restart()
        raise Died(transfers)

    def _ingest(self, number: int, tail: bytes) -> tuple[bytes, list[Transfer]]:
        result = Result()
        answers = ingest.judge(number, ingest.parse(tail), self.known, result)
        for transfer in result.transfers:
            self._book(transfer)
        for card, counter, _, _, before_fen, after_fen in result.steps:
            self._step_fen[card, counter] = before_fen, after_fen
        self.rebuilt += sum(span.exact for span in result.rebuilt)
        self.settled += len(result.settled)
        for kept in result.kept:
            self._fault(kept.fault, number, kept.entry.serial)
        for settled in result.settled:
            self._fault(settled.fault, *settled.grey.writer)
        for aside in result.aside:
            self.faults[aside.reason] += 1
        return messages.encode(messages.ANSWERS, (), batch.pack(answers)), result.transfers

    def _fault(self, fault: int, terminal: int, serial: int) -> None:
        if fault:
            self.faults[fault] += 1
        if fault == reasons.FORKED_CARD:
            self.forks.add((terminal, serial))
        elif fault == reasons.BAD_PROOF:
            self.bad_proofs.add((terminal, serial))
        elif fault == reasons.UNBALANCED:
            self.contradicted.add((terminal, serial))

    def _chunk(self, values) -> bytes:
        version = self.newest
        cards = self.versions[version]
        blob = blacklist.encode(sorted(cards), self._universe)
        part = blob[values.offset : values.offset + 1024]
        head = (values.list, version, len(blob), values.offset, self._digest(cards))
        return messages.encode(messages.CHUNK, head, part)

    def _book(self, transfer: Transfer) -> None:
        self.rows.append(transfer)
        self.balances[transfer.giver] -= transfer.amount_fen
        self.balances[transfer.taker] += transfer.amount_fen
