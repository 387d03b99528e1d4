"""A merchant's way from the application to the end (Art. 12): one table, granted by three offices.

Rules:
1. GRANT comes from each of OFFICES once, from three persons; the third one admits.
2. Money is taken at a merchant's terminals while it is admitted; EXPIRE comes when its contract
   has run out. Before the college has put admission in force, whoever never applied, or applies
   for the first time, works as a demonstration, and is paid nothing.
3. Whoever was refused, suspended or ended may apply again; all three grant anew.

Pure: what the store keeps of it is store.merchants'.
"""

from __future__ import annotations

from sync_server.core import rights

OFFICES = (rights.CENTRE, rights.FINANCE, rights.LOGISTICS)

APPLIED, ONE, TWO = "applied", "granted_1", "granted_2"
ADMITTED, SUSPENDED, REFUSED, ENDED = "admitted", "suspended", "refused", "ended"
STATES = (APPLIED, ONE, TWO, ADMITTED, SUSPENDED, REFUSED, ENDED)

APPLY, GRANT, REFUSE = "apply", "grant", "refuse"
SUSPEND, RESUME, EXPIRE, END = "suspend", "resume", "expire", "end"
EVENTS = (APPLY, GRANT, REFUSE, SUSPEND, RESUME, EXPIRE, END)

TABLE = {
    APPLIED: {GRANT: ONE, REFUSE: REFUSED},
    ONE: {GRANT: TWO, REFUSE: REFUSED},
    TWO: {GRANT: ADMITTED, REFUSE: REFUSED},
    ADMITTED: {SUSPEND: SUSPENDED, EXPIRE: SUSPENDED, END: ENDED},
    SUSPENDED: {RESUME: ADMITTED, APPLY: APPLIED, END: ENDED},
    REFUSED: {APPLY: APPLIED},
    ENDED: {APPLY: APPLIED},
}
NOTED = frozenset({REFUSE, SUSPEND, RESUME, END})  # nobody does these without a reason


PAYABLE = frozenset({ADMITTED, SUSPENDED, ENDED})  # three offices have seen its account


def takes_money(state: str | None, turn: int, in_force: bool) -> bool:
    """May its terminals take money? state None: it never applied; turn: of its applications."""
    if state is None or turn == 1 and state in (APPLIED, ONE, TWO):
        return not in_force
    return state == ADMITTED


def masked(bank: str) -> str:
    """An account at a bank as people see it: its last four digits."""
    return f"•••• {bank[-4:]}" if bank else ""
