"""The short way of the judge does what the long way does, to the row: same answers, same tables."""

import random

import pytest

from protocol import record
from sync_server.core import ingest
from sync_server.core.chain import Grey
from sync_server.core.known import Known, Place, Result
from sync_server.core.rebuild import Span
from sync_server.store.store import Store
from tests.sync_server import tapes
from tests.sync_server.test_faults import closed, dump
from tests.sync_server.test_never_dropped import mangled


class Calm(tapes.Campus):
    """Mostly purchases that are done: what the short way is for."""

    def _purchase(self, terminal, card):
        if self.rng.random() < 0.04:
            super()._purchase(terminal, card)
            return
        serial = self._add(terminal, record.PURCHASE, card, record.DONE, 5)
        self._purses[card] = (self._purses[card][0] + 1, (terminal, serial))


def opened(path, count):
    store = Store(f"sqlite:///{path}")
    merchants = ("m1", "m2", None, "m3")
    numbers = [store.terminals.enrol("pos", f"place {n}", merchants[n], 1) for n in range(count)]
    return store, numbers, store.cards.issue([tapes.CARD] * 5, 1)


def played(path, seed, is_mangled, restarts):
    """-> (all answers, every row) of one campus, delivered as a bad network may."""
    dice = random.Random(seed)
    store, numbers, cards = opened(path, 1 + seed % 4)
    campus = Calm(dice, numbers, cards).play(400)
    answers = []
    for n, commit in enumerate(tapes.deliveries(dice, campus.tapes)):
        if is_mangled:
            commit = [
                (number, b"".join(mangled(dice, tail[at : at + 64]) if dice.random() < 0.2
                                  else tail[at : at + 64] for at in range(0, len(tail), 64)))
                for number, tail in commit
            ]  # fmt: skip
        if restarts and n % 7 == 6:
            store.close()
            store = Store(f"sqlite:///{path}")
        if n == 12:
            store.lost.replace(numbers[-1], 5)
        answers.append(store.records.ingest(commit, 2000 + n))
    return answers, dump(closed(store))


def state(dice):
    """What may be known, in a world so small that everything meets everything: (Known, raw)."""
    known = Known(cards={card for card in (1, 2) if dice.random() < 0.9})
    for number in (1, 2):
        place = Place(dice.choice(("m",) * 8 + ("", None)), dice.choice((0, 1, 1, 1, 2)))
        place.chain = record.first_chain(number) if place.highest else b""
        if dice.random() < 0.3:
            place.lost = ((place.highest + 2, place.highest + 9),)
        known.places[number] = place
    entries = [entry_of(dice, known.places) for _ in range(4)]
    for entry in entries[1:]:
        key = dice.choice((1, 2)), dice.randrange(1, 3)
        outcome = dice.choice((record.DONE, record.VOID, record.INTENT))
        if key[1] <= known.places[key[0]].highest:
            content = record.pack(entry._replace(serial=key[1]), bytes(8))[: ingest.CONTENT]
            known.records[key] = content, outcome
        if dice.random() < 0.12:
            grey = Grey(key[0], entry._replace(serial=key[1]), dice.choice((0, 0, 68)))
            known.greys.setdefault(entry.card, []).append(grey)
        if dice.random() < 0.12:
            first = dice.randrange(3)
            is_exact = dice.random() < 0.5
            last = first if is_exact else first + dice.randrange(2)
            span = Span(entry.card, first, last, is_exact, dice.randrange(3) * 5, *key)
            known.spans.setdefault(entry.card, []).append(span)
    for card in (1, 2):
        for counter in range(3):
            if dice.random() < 0.6:
                known.steps[card, counter] = dice.choice((1, 2)), dice.randrange(1, 4)
                known.knots.setdefault(card, {})[counter + 1] = dice.choice((None, 50, 60))
    entry, terminal = entries[0], dice.choice((1, 2))
    if dice.random() < 0.8:
        ends = [at for at in known.steps if (at[0], at[1] + 1) not in known.steps]
        card, counter = dice.choice(ends or [(1, 0)])
        entry = entry._replace(type=1, flags=16, amount_fen=5, card=card, counter=counter + 1)
    if dice.random() < 0.9:
        entry = entry._replace(serial=known.places[terminal].highest + 1)
    named = known.steps.get((entry.card, entry.counter - 1))
    if named and dice.random() < 0.8:
        entry = entry._replace(previous_terminal=named[0], previous_serial=named[1])
    chain = known.places[terminal].chain or record.first_chain(terminal)
    raw = record.pack(entry, chain if dice.random() < 0.9 else bytes(8), dice.choice(OUTCOMES))
    return known, terminal, raw


OUTCOMES = (record.DONE,) * 6 + (record.VOID, record.INTENT, 0x1F, 0xF3)


def entry_of(dice, places):
    kinds = (record.PURCHASE,) * 8 + (record.PASS, record.REFUSAL, record.LOAD, record.EVENT, 99)
    return record.Record(
        dice.randrange(1, 5), dice.choice(kinds), dice.choice((16, 16, 16, 17, 1)), 0, 1000,
        dice.choice((1, 1, 2, 3)), 1, dice.choice((5, 5, 5, 0)), dice.randrange(4),
        dice.choice((0, 50)), 0, 0, 0, dice.choice((0, 1, 2)), dice.randrange(4),
        dice.choice((5, record.UNKNOWN_AMOUNT_FEN)), 0,
    )  # fmt: skip


def judged(known, terminal, raw):
    result = Result()
    answers = ingest.judge(terminal, ingest.parse(raw), known, result)
    return answers, result, known


@pytest.mark.parametrize("room", range(3))
def test_any_state_is_judged_alike_both_ways(room, monkeypatch):
    plain, taken = ingest._plain, 0

    def counted(*arguments):
        nonlocal taken
        is_plain = plain(*arguments)
        taken += is_plain
        return is_plain

    for seed in range(room, 15_000, 3):
        monkeypatch.setattr(ingest, "_plain", counted)
        short = judged(*state(random.Random(seed)))
        monkeypatch.setattr(ingest, "_plain", lambda *_: False)
        long = judged(*state(random.Random(seed)))
        for spans in (short[2].spans, long[2].spans):
            for card in [card for card, found in spans.items() if not found]:
                del spans[card]
        assert short == long, f"seed {seed}"
    assert taken > 300


@pytest.mark.parametrize("seed", range(12))
def test_both_ways_of_the_judge_end_in_the_same_rows(seed, tmp_path, monkeypatch):
    plain, taken = ingest._plain, []

    def counted(*arguments):
        taken.append(plain(*arguments))
        return taken[-1]

    how = seed, seed % 2 == 1, seed % 3 == 0
    monkeypatch.setattr(ingest, "_plain", counted)
    short = played(tmp_path / "short.db", *how)
    monkeypatch.setattr(ingest, "_plain", lambda *_: False)
    long = played(tmp_path / "long.db", *how)
    assert short[0] == long[0]
    for name, rows in long[1].items():
        assert short[1][name] == rows, name
    assert sum(taken) > 15 and len(taken) - sum(taken) > 50
