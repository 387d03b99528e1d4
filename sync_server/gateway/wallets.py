"""What a holder sees of their money on the phone: cards, taps, top-ups. Only looks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sync_server.core import fees, validity
from sync_server.core.ledger import account, purse
from sync_server.gateway import looks

if TYPE_CHECKING:
    from sync_server.store.store import Store

_TAPS, _TOPUPS = 40, 20
_TOPUP = ("number", "card", "amount_fen", "state", "why", "made_utc_s", "ended_utc_s", "fee")
_FEE = ("id", "item", "amount_fen", "due", "state", "why", "how", "paid_utc_s", "ended_utc_s")
_DISPUTE = (
    "id", "terminal", "serial", "claimed_fen", "granted_fen", "said", "answer", "finding", "state",
    "outcome", "answer_until_utc_s",
)  # fmt: skip


class Wallets:
    """Part of the orders."""

    def __init__(self, store: Store):
        self._store = store

    def told(self, number: int, cards: set[int]) -> dict[str, Any]:
        """Of a phone and the cards that it may speak of. -> cards: card, is_phone, purse_fen,
        account_fen (waits to be loaded; below zero: owed), listed; taps; topups; fees; left_fen"""
        store, now_s = self._store, int(time.time())
        holder = store.holders.of_card(number)
        taps = looks.taps(store.holders.payments_of(holder, _TAPS)) if holder is not None else []
        for tap in taps:
            tap["given_back"] = tap["type"] == "purchase" and store.credits.is_reversed(
                tap["terminal"], tap["serial"]
            )
        return {
            "cards": [
                {
                    "card": card,
                    "is_phone": card == number,
                    "purse_fen": store.credits.balance_fen(purse(card)),
                    "account_fen": store.credits.balance_fen(account(card)),
                    "listed": store.lists.is_listed(card),
                }
                for card in sorted(cards, key=lambda card: (card != number, card))
            ],
            "taps": [tap for tap in taps if tap["type"] != "refusal"],
            "topups": [
                {name: row[name] for name in _TOPUP}
                for row in store.topups.of_card(number, _TOPUPS)
            ],
            "disputes": [
                {name: row[name] for name in _DISPUTE}
                for row in store.disputes.of_cards(sorted(cards), _TOPUPS)
            ],
            "fees": [
                {name: row[name] for name in _FEE}
                | {"due": validity.shown(row["due"])}
                | {"is_overdue": fees.is_overdue(row["state"], row["due"], validity.today(now_s))}
                for row in (store.fees.of_holder(holder, _TOPUPS) if holder is not None else [])
            ],
            "left_fen": store.topups.left_fen(number, now_s),
        }
