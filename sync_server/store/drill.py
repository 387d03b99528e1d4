"""Is a database what it must be? What a restored one is asked before it is trusted."""

from __future__ import annotations

from sync_server.core import loss_lists
from sync_server.store.store import Store


def faults(store: Store, key: bytes | None) -> list[str]:
    """What is wrong, one line each. key: of the log of acts, None: its links are not looked at."""
    found = [*_ledger(store), *_lists(store)]
    if key is not None:
        store.audit.key = key
        _, _, fault = store.audit.check()
        if fault is not None:
            found.append(f"row {fault.number} of the log of acts {fault.why}")
    return found


def _ledger(store: Store) -> list[str]:
    found = []
    if store.accounts.sum_fen():
        found.append(f"the sum of the ledger is {store.accounts.sum_fen()} fen and not 0")
    wrong = store.db.rows(
        "SELECT a.type, a.key FROM account a LEFT JOIN (SELECT account, sum(amount_fen) AS fen"
        " FROM posting GROUP BY account) p ON p.account = a.id"
        " WHERE a.balance_fen != coalesce(p.fen, 0) ORDER BY a.id"
    )
    for row in wrong[:1]:
        found.append(
            f"{len(wrong)} balances are not what was booked, first {row['type']} {row['key']}"
        )
    return found


def _lists(store: Store) -> list[str]:
    """Each list has the members that its newest digest was made of."""
    newest = store.db.rows(
        "SELECT v.list, v.scope, v.version, v.universe, v.digest FROM list_version v"
        " WHERE v.version = (SELECT max(w.version) FROM list_version w"
        " WHERE w.list = v.list AND w.scope = v.scope) ORDER BY v.list, v.scope"
    )
    found = []
    for row in newest:
        members = {
            card
            for (card,) in store.db.conn.execute(
                "SELECT card FROM list_member WHERE list = ? AND scope = ?",
                (row["list"], row["scope"]),
            )
        }
        if loss_lists.digest(members, row["universe"]) != row["digest"]:
            found.append(f"version {row['version']} of list {row['list']} has other members")
    return found
