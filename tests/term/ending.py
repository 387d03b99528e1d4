"""The end: the truth against all that can be asked (I1, I2, I3, I8)."""

from collections import Counter

from card_layout import purse_m1
from tests.term import losses
from tests.term.truth import purse


async def all_is_true(college):
    """-> figures"""
    truth = college.truth
    ledger = await college.call("GET", "/api/ledger")
    assert ledger["sum"] == 0, "I1"
    held = {(row["type"], row["key"]): row["balance_fen"] for row in ledger["accounts"]}
    held = {name: fen for name, fen in held.items() if fen}
    assert differ(held, truth.accounts()) == {}, "I1, I2: the ledger is not what people saw"
    on_cards(college)
    await records(college)
    status = await college.call("GET", "/api/status")
    assert (status["grey"], status["quarantined"], status["unnamed_fen"]) == (0, 0, 0), status
    return {
        "people": len(college.people),
        "codes": sum(one.has_phone for one in college.people),
        "cards": sum(one.chips for one in college.people),
        "paid": sum(n for (_, _, fen), n in truth.taps.items() if fen),
        "passed": sum(n for (_, _, fen), n in truth.taps.items() if not fen),
        "refused": status["refused"],
        "accounts": len(held),
        "postings": college.server.gateway.store.db.one("SELECT count(*) FROM posting"),
        "lost": dict(truth.lost),
        "left": sum(one.has_left for one in college.people),
    }


def differ(one, other):
    """name -> (here, there) where two tables are not the same."""
    names = {*one, *other}
    return {n: (one.get(n, 0), other.get(n, 0)) for n in names if one.get(n, 0) != other.get(n, 0)}


def on_cards(college):
    """I2: what is in the bytes of each living card."""
    wrong = {}
    for person in college.people:
        if person.has_phone or person.has_left:
            continue
        blocks = (person.body.block(purse_m1.BLOCK_A), person.body.block(purse_m1.BLOCK_B))
        there = newest(blocks)
        if there != college.truth.fen[purse(person.card)]:
            wrong[person.card] = there, college.truth.fen[purse(person.card)]
    assert wrong == {}, ("I2", wrong)


def newest(blocks):
    """Fen in the purse block with the higher counter (docs/mifare.md: counter 3, balance 3)."""
    read = [(int.from_bytes(raw[:3], "big"), int.from_bytes(raw[3:6], "big")) for raw in blocks]
    return max(read)[1]


async def records(college):
    """I3: every tap that a screen said yes to, once."""
    here = Counter()
    for till in college.terminals():
        for row in await college.records(till.number):
            here[till.number, row[5], row[6]] += 1
    assert here == college.truth.taps, ("I3", here - college.truth.taps, college.truth.taps - here)


async def verdicts(college, cards):
    """card -> who bears what, as told now."""
    return {card: await losses.verdict(college, card) for card in cards}
