"""Which sale of a card can be given back, looked up in the till's own journal.

The journal is the proof: a PURCHASE that is done and that no REVERSAL names. One whose REVERSAL has
no outcome yet counts as given back: its card tells at its next tap. Limit: what the ring still has.
"""

from collections import namedtuple

from protocol import record

Sale = namedtuple("Sale", "card serial fen utc_s")


def last_sale(journal, card):
    """The newest Sale of this card here that was not given back, None if there is none."""
    wanted = card.to_bytes(3, "big")
    sales = {}
    for raw, outcome in journal.recent(journal.capacity):
        if raw[12:15] != wanted or outcome == record.VOID:
            continue
        entry = record.unpack(raw)
        if entry.type == record.PURCHASE and outcome == record.DONE and entry.amount_fen:
            sales[entry.serial] = Sale(card, entry.serial, entry.amount_fen, entry.utc_s)
        elif entry.type == record.REVERSAL:
            sales.pop(entry.detail, None)
    return sales[max(sales)] if sales else None
