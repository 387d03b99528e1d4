"""Staff meals: what the subsidy pays of one, and that nobody has two in a period.

A terminal knows only its own meals; two that were had at two terminals meet here. The merchant has
sold both and is paid for both: the subsidy of the second comes from `suspense meal` and the record
is MEAL_TWICE, so that people ask the holder. Which of two is the second is order of arrival. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol import params, reasons, record
from sync_server.core import ledger
from sync_server.core.ledger import Transfer

if TYPE_CHECKING:
    from sync_server.core.chain import Writer
    from sync_server.core.known import Known, Result

Meal = tuple[int, int, int]  # card, local day since 1970, number of the meal

_OFFSET_S = params.defaults()["utc_offset_min"] * 60
_DAY_S = 86400


def of(entry: record.Record) -> Meal | None:
    """The meal that a purchase is subsidised as, None if it is not."""
    if not record.subsidy_fen(entry):
        return None
    return entry.card, (entry.utc_s + _OFFSET_S) // _DAY_S, record.meal_number(entry)


def judged(
    entry: record.Record, terminal: int, card_is_good: bool, known: Known, result: Result
) -> int:
    """Post the subsidy of a record that is done. -> MEAL_TWICE, or 0."""
    meal = of(entry)
    if meal is None:
        return reasons.OK
    writer = (terminal, entry.serial)
    is_first = card_is_good and known.meals.setdefault(meal, writer) == writer
    if is_first:
        result.meals[meal] = writer
    merchant = known.places[terminal].merchant
    fen = record.subsidy_fen(entry)
    result.transfers.append(ledger.subsidised(merchant, is_first, fen, *writer))
    return reasons.OK if is_first or not card_is_good else reasons.MEAL_TWICE


def given_back(
    paid: record.Record, writer: Writer, by_serial: int, known: Known, result: Result
) -> None:
    """The purchase of `writer` was taken back: the subsidy too; the meal may be had again."""
    meal = of(paid)
    if meal is None:
        return
    was_first = known.meals.get(meal) == writer
    if was_first:
        del known.meals[meal]
        result.meals[meal] = None
    merchant = known.places[writer[0]].merchant
    fen = record.subsidy_fen(paid)
    there: Transfer = ledger.subsidised(merchant, was_first, fen, writer[0], by_serial)
    result.transfers.append(there._replace(giver=there.taker, taker=there.giver))
