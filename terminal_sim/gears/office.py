"""The server of gear 1: the rules of sync_server.core over dicts, answering message bodies.

No database, no socket, no session: what the store keeps in tables is kept in memory, what the
gateway does in threads is a call. What it is not: a model of the rules; they are the real ones.
"""

from __future__ import annotations

from collections import defaultdict

from protocol import batch, blacklist, messages, params, states
from sync_server.core import ingest, ledger, loss_lists
from sync_server.core.ingest import Known, Place, Result
from sync_server.core.ledger import Account, Transfer

_PARAMS_VERSION = 1


class Memory:
    """terminals: number -> merchant; cards: number -> fen on the card when it was issued.

    wishes: name -> value of the parameters that every terminal shall have.
    """

    def __init__(self, terminals: dict[int, str], cards: dict[int, int], wishes: dict[str, int]):
        self.rows: list[Transfer] = []
        self.settled = 0  # greys that the chain of their card settled
        self.known = Known(places={n: Place(m) for n, m in terminals.items()}, cards=set(cards))
        self.balances: defaultdict[Account, int] = defaultdict(int)
        self.versions: list[frozenset[int]] = [frozenset()]
        self.held = dict.fromkeys(terminals, 0)  # list version each terminal reported
        self._has_params = dict.fromkeys(terminals, False)
        self._params = params.pack(wishes)
        self._universe = loss_lists.universe(max(cards))
        self.kept = 0
        self.faults: list[int] = []
        for card, fen in cards.items():
            made = ledger.issue(card, fen)
            if made:
                self._book(made)

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

    def received(self) -> dict[int, set[int]]:
        """Terminal -> serials of all its records that are here."""
        serials: dict[int, set[int]] = {number: set() for number in self.known.places}
        for number, serial in self.known.records:
            serials[number].add(serial)
        return serials

    def relist(self, card: int, listed: bool) -> None:
        """A loss report or its withdrawal: a new version."""
        now = self.versions[-1]
        self.versions.append(now | {card} if listed else now - {card})

    def serve(self, number: int, body: bytes) -> tuple[bytes, list[Transfer]]:
        """One request of a terminal. -> (reply body, transfers that it caused)."""
        kind, values, tail = messages.decode(body, states.TERMINAL)
        if kind == messages.REPORT:
            self.held[number] = values.list_version
            self._has_params[number] = values.params_version == _PARAMS_VERSION
            return self._state(number, values.utc_s), []
        if kind == messages.BATCH:
            return self._ingest(number, tail)
        return self._chunk(values), []

    def push(self, number: int, whole: bool = False) -> bytes | None:
        """Body of what this terminal shall be told next, None if it has all.

        Parameters first; then what changed on the list, or, `whole`, that there is a new one.
        """
        if not self._has_params[number]:
            return messages.encode(messages.PARAMS, (_PARAMS_VERSION,), self._params)
        before, after = self.held[number], self.newest
        if before == after:
            return None
        if whole:
            return messages.encode(messages.NEWS, (messages.BLACKLIST, after))
        old, new = self.versions[before], self.versions[after]
        blob = blacklist.encode_delta(sorted(new - old), sorted(old - new), self._universe)
        values = (messages.BLACKLIST, before, after, self._digest(new))
        return messages.encode(messages.DELTA, values, blob)

    def pushed(self, number: int, reply: bytes) -> None:
        """The terminal's answer to a push."""
        kind, values, _ = messages.decode(reply, states.TERMINAL)
        if kind == messages.PARAMS_STATE:
            self._has_params[number] = values.version == _PARAMS_VERSION
        elif kind == messages.LIST_STATE:
            self.held[number] = values.version

    def _digest(self, cards: frozenset[int]) -> bytes:
        return loss_lists.digest(cards, self._universe)

    def _state(self, number: int, utc_s: int) -> bytes:
        highest = self.known.places[number].highest
        state = (utc_s, self.newest, 0, _PARAMS_VERSION, highest, 0)
        return messages.encode(messages.STATE, state)

    def _ingest(self, number: int, tail: bytes) -> tuple[bytes, list[Transfer]]:
        result = Result()
        answers = ingest.judge(number, ingest.parse(tail), self.known, result)
        for transfer in result.transfers:
            self._book(transfer)
        self.kept += len(result.kept)
        self.settled += len(result.settled)
        self.faults += [kept.fault for kept in result.kept if kept.fault]
        self.faults += [settled.fault for settled in result.settled if settled.fault]
        self.faults += [aside.reason for aside in result.aside]
        return messages.encode(messages.ANSWERS, (), batch.pack(answers)), result.transfers

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
