"""Who may do what: one table after Article 3 of the regulation. Pure.

A right is a word; a role has it or has it not. Which route needs which right is web.needs'. The key
of the machine (programs with the token) is a role like the others: it enrols, issues and reports,
and it neither sees accounts nor approves what people asked for.
"""

from __future__ import annotations

CENTRE = "centre"
FINANCE = "finance"
PERSONNEL = "personnel"
TEACHING = "teaching"
LOGISTICS = "logistics"
STUDENTS = "students"
MERCHANT = "merchant"
CLERK = "clerk"
KEY = "key"

ROLES = (CENTRE, FINANCE, PERSONNEL, TEACHING, LOGISTICS, STUDENTS, MERCHANT, CLERK)
_ALL = (*ROLES, KEY)
_OFFICES = (CENTRE, FINANCE, PERSONNEL, TEACHING, CLERK, KEY)

# right, who has it, articles, what it allows
TABLE = (
    ("home", _ALL, "3", "sign in, one's own password, the first page"),
    ("today", ROLES, "3", "what waits for one's own office"),
    ("console", (CENTRE, FINANCE, LOGISTICS, CLERK, KEY), "3", "taps and terminals as they come"),
    ("status", (CENTRE, KEY), "3", "totals, images, what terminals uploaded"),
    ("people", _OFFICES, "3, 8", "search holders, see cards, balance and taps"),
    ("stop", (CENTRE, CLERK, KEY), "11, 20", "report a card lost, withdraw the report"),
    ("approve", (CENTRE, FINANCE), "3, 16", "grant or refuse what another person asked for"),
    ("pins", (CENTRE, CLERK, KEY), "6", "give a holder the link that sets a PIN, unlock it"),
    ("stop-many", (CENTRE, KEY), "11", "let a report take effect that waits: too many at once"),
    ("extend", (CENTRE, CLERK, KEY), "8", "extend one holder on a named approver's word"),
    ("staff-lists", (PERSONNEL, KEY), "3, 8, 9", "who is staff, who left"),
    ("student-lists", (TEACHING, KEY), "3, 8, 9", "who studies, who graduated"),
    ("teaching-fees", (TEACHING, KEY), "6", "order fees of teaching affairs, withdraw, refund"),
    ("student-fees", (STUDENTS, KEY), "6", "order fees of students' affairs, withdraw, refund"),
    ("fees", (CENTRE, FINANCE, TEACHING, STUDENTS, CLERK, KEY), "6, 16", "see fees and who has "
     "paid; an office its own"),
    ("temporary-lists", (CENTRE, CLERK, KEY), "7, 8", "temporary holders, each with an approver"),
    ("lists", (CENTRE, PERSONNEL, TEACHING, STUDENTS, CLERK, KEY), "3", "see the lists and what "
     "they do; student affairs their own"),
    ("leavers", (CENTRE, FINANCE, TEACHING, KEY), "10", "see leavers and their balances"),
    ("refund", (FINANCE,), "10, 16", "settle leavers, ask for a refund list, fetch its file"),
    ("cash", (CLERK, KEY), "15", "take cash at the desk, ask for a reversal"),
    ("drawers", (CENTRE, FINANCE, CLERK, KEY), "15, 16", "cash of a day; clerks their own"),
    ("payments", (CENTRE, FINANCE, KEY), "15, 16", "what came through payment channels"),
    ("subsidies", (CENTRE, FINANCE, PERSONNEL, KEY), "3, 16", "meals of staff, month by month"),
    ("return-payment", (FINANCE,), "15, 16", "ask that kept money goes back to who paid"),
    ("disputes", (CENTRE, FINANCE, LOGISTICS, MERCHANT, CLERK, KEY), "14", "see disputes; "
     "merchants their own"),
    ("open-dispute", (CENTRE, CLERK, KEY), "14", "open a dispute for a holder"),
    ("answer-dispute", (MERCHANT,), "14", "answer a dispute about one's own sale"),
    ("judge-dispute", (FINANCE, LOGISTICS), "14", "uphold or refuse a dispute"),
    ("ledger", (CENTRE, FINANCE, KEY), "16", "accounts and postings"),
    ("close", (FINANCE,), "16, 17", "close days, reconcile months with the bank's statement"),
    ("settle", (FINANCE,), "3, 16", "ask to settle merchants, fetch the file for the bank"),
    ("merchants", (CENTRE, FINANCE, LOGISTICS, CLERK, KEY), "12, 25", "see merchants"),
    ("merchants-apply", (CENTRE, LOGISTICS, CLERK, KEY), "12", "enter a merchant's application"),
    ("admit", (CENTRE, FINANCE, LOGISTICS), "12, 25", "grant, refuse, suspend, end a merchant: "
     "each office for itself"),
    ("admission", (CENTRE,), "12", "ask that from now on only admitted merchants take money"),
    ("bearers", (CENTRE, FINANCE, LOGISTICS, CLERK, KEY), "23", "who bears what a lost card paid"),
    ("leave", (CENTRE, KEY), "23", "let a terminal be offline"),
    ("terminals", (CENTRE, LOGISTICS, STUDENTS, MERCHANT, KEY), "3, 23", "see terminals; merchants "
     "their own"),
    ("damage", (CENTRE, LOGISTICS, STUDENTS, MERCHANT), "3, 23", "report damage, note inspections"),
    ("care", (CENTRE, LOGISTICS), "3, 23", "who is responsible for a terminal"),
    ("alarms", (CENTRE,), "3", "change an alarm's rule"),
    ("emergency", (CENTRE, KEY), "26, 27", "declare, end, report emergencies, with the code"),
    ("devices", (KEY,), "4, 23", "enrol, replace and set up terminals, firmware"),
    ("issue", (KEY,), "7", "issue cards, order loads, invite phones"),
    ("officers", (CENTRE,), "3", "accounts of people who work here"),
    ("audit", (CENTRE,), "3", "read the log"),
    ("partners", (CENTRE, CLERK, KEY), "4", "see other systems, what they may and used"),
    ("partner-ask", (CENTRE, CLERK, KEY), "4", "enter the application of another system"),
    ("partner-grant", (CENTRE,), "4", "grant and stop another system, its keys and webhook"),
)  # fmt: skip

_HAS = {right: frozenset(roles) for right, roles, _, _ in TABLE}


def may(role: str, right: str) -> bool:
    """Has this role that right? A right that is in no table: nobody has it."""
    return role in _HAS.get(right, ())
