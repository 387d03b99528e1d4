"""Phase 2 of gear 1: nothing breaks any more, and the campus must converge; then its figures."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from protocol import reasons
from terminal_sim import scenario
from terminal_sim.oracle import PAID, PASSED, Violation

if TYPE_CHECKING:
    from terminal_sim.gears.inprocess import Campus

_ROUNDS = 3  # reports show what came of the first
_COPIES_FAULTS = {
    reasons.FORKED_CARD,
    reasons.UNBALANCED,
    reasons.BAD_PROOF,
}  # that a copied card may cause


def settle(campus: Campus) -> None:
    """Lost cards are found, every card pays once, everything arrives."""
    office = campus.office
    office.calm()
    for line in campus.lines.values():
        line.calm()
    for number in sorted(office.versions[-1]):
        office.relist(number, False)  # found again: only a card that pays ends its greys
    sync(campus)
    for key, card in campus.cards.items():
        said = campus.nodes[key % scenario.POS].sell(key, card, 1, 1)
        if said != PAID and not campus.oracle.cards[key].is_copied:
            raise Violation("I2", f"all is well, and card {key} hears {said}")
    sync(campus)
    waiting = {node.number: node.terminal.journal.queue for node in campus.nodes}
    if any(waiting.values()):
        raise Violation("I3", f"records that were never taken: {waiting}")
    is_copied = campus.counts["copies"] or campus.counts["screenshots_taken"]
    known = _COPIES_FAULTS if is_copied else set()
    faults = {reason: n for reason, n in office.faults.items() if reason not in known}
    if faults:
        raise Violation("I3", f"the server found faults in honest records: {faults}")
    if {node.terminal.blacklist.version for node in campus.nodes} != {office.newest}:
        raise Violation("I6", "not every terminal has the newest list")
    _judge(campus)
    for clone in campus.clones:
        campus.counts["clone_records_named"] += clone.reveal()
    if campus.clones:
        _judge(campus)


def _judge(campus: Campus) -> None:
    """The oracle's last word."""
    office = campus.office
    flagged = {office.card_of(*key) for key in office.forks | office.contradicted}
    campus.oracle.settled(office.purse_fen, office.received(), office.greys(), flagged)
    campus.oracle.proven(office.received(), office.bad_proofs)


def sync(campus: Campus) -> None:
    """Every line is served until it has nothing to do."""
    for _ in range(_ROUNDS):
        campus.later(31)
        for line in campus.lines.values():
            while line.step():  # ends: each step takes a request or a version away
                pass


def figures(campus: Campus, spent_s: float) -> dict[str, Any]:
    """What `campus chaos` tells of one campus."""
    counts, oracle, office = campus.counts, campus.oracle, campus.office
    forged = [t for key, t in oracle.cards.items() if key != t.number]
    return {
        "seed": campus.seed,
        "weather": vars(campus.weather),
        "taps": counts["taps"],
        "accepted": counts[PAID] + counts[PASSED],
        **{name: counts[name] for name in sorted(counts) if name != "taps"},
        "power_cuts": counts["power_cuts"],
        "card_tears": counts["card_tears"],
        "link_faults": counts["link_faults"] + counts["spells"],
        "server_kills": office.kills + counts["server_restarts"] + counts["restores"],
        "tears": sum(node.tears for node in campus.nodes),
        "greys_resolved": oracle.resolved + office.settled,
        "clones_flagged": len({office.card_of(*key) for key in office.forks}),
        "bad_proofs": len(office.bad_proofs),
        "forged_fen": sum(write.amount_fen for truth in forged for write in truth.writes),
        "disputed": len(oracle.disputed()),
        "rebuilt": office.rebuilt,
        "unnamed": len(oracle.burnt_writes.keys() - oracle.posted.keys()),
        "unnamed_fen": sum(oracle.unnamed_fen.values()),
        "gone": sum(len(place.gone) for place in oracle.terminals.values()),
        "longest_offline_s": max(line.longest_off_s for line in campus.lines.values()),
        "lost": len(oracle.unposted()),
        "doubled": oracle.doubled,
        "grey_open": sum(not oracle.is_untellable(*grey[:2]) for grey in office.greys()),
        "grey_for_ever": sum(oracle.is_untellable(*grey[:2]) for grey in office.greys()),
        "invariants_ok": True,  # else a Violation had ended the run
        "checks": oracle.checks,
        "terminals_digest": _terminals_digest(campus),
        "ledger_digest": _ledger_digest(campus),
        "digest": _digest(campus),
        "seconds": round(spent_s, 3),
        "taps_per_s": round(counts["taps"] / spent_s),
    }


def ledger_rows(campus: Campus) -> list[tuple[int, int, int, int, int]]:
    """(card, counter before, amount_fen, terminal, serial) of each posted purchase, sorted."""
    oracle = campus.oracle
    rows = []
    for key in oracle.posted:
        truth, write = oracle.made.get(key) or oracle.cloned[key]
        rows.append((truth.number, write.counter - 1, write.amount_fen, *key))
    return sorted(rows)


def _ledger_digest(campus: Campus) -> str:
    return hashlib.sha256(repr(ledger_rows(campus)).encode()).hexdigest()


def _terminals_digest(campus: Campus) -> str:
    """Over what each terminal said, and every byte of its flash."""
    digest = hashlib.sha256()
    for node in campus.nodes:
        digest.update(node.witness.name(node.flash))
    return digest.hexdigest()


def _digest(campus: Campus) -> str:
    """Over every byte of flash and cards, and every row of the ledger."""
    digest = hashlib.sha256()
    for node in campus.nodes:
        digest.update(node.flash.read(0, node.flash.size))
    for card in campus.cards.values():
        digest.update(card.dump())
    for row in campus.office.rows:
        digest.update(f"{row}\n".encode())
    return digest.hexdigest()
