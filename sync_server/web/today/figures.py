"""Numbers of one office's day: a table of right and question. At most MOST of them are shown."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import gettext as _

from sync_server.core import rights
from sync_server.web.console.view import Figure, count, money
from sync_server.web.roles import HOLDER_WORDS
from sync_server.web.today.look import Look

MOST = 6


def _sold(look: Look) -> list[Figure]:
    if look.merchant is None:
        return []
    told = look.orders.books.sold(look.merchant, look.today)
    return [
        Figure(_("Taken today"), money(told["fen"]), "good"),
        Figure(_("Payments today"), count(told["count"])),
    ]


def _online(look: Look) -> list[Figure]:
    online = sum(row["connected"] for row in look.terminals)
    tone = "" if online == len(look.terminals) else "warn"
    return [Figure(_("Terminals online"), f"{online}/{len(look.terminals)}", tone)]


def _amiss(look: Look) -> list[Figure]:
    names = [name for row in look.terminals for name, _value in row["alarms"]]
    raising = sum(bool(row["alarms"]) for row in look.terminals)
    damages = names.count("damage")
    queue = sum(row["queue"] for row in look.terminals)
    return [
        Figure(_("With an alarm"), count(raising), "bad" if raising else "good"),
        Figure(_("Damage reports"), count(damages), "warn" if damages else ""),
        Figure(_("Records still at terminals"), count(queue)),
    ]


def _booked(look: Look) -> list[Figure]:
    live = look.days["live"]
    return [
        Figure(_("Since the last close"), money(live["amount_fen"])),
        Figure(_("Movements"), count(live["count"])),
    ]


def _cash(look: Look) -> list[Figure]:
    drawers = look.drawers["drawers"]
    taken = sum(one["taken_fen"] - one["reversed_fen"] for one in drawers)
    figures = [Figure(_("Cash today"), money(taken), "good" if taken else "")]
    if look.visitor.role == rights.CLERK:
        figures.append(Figure(_("Receipts"), count(sum(one["taken"] for one in drawers))))
    return figures


def _people(look: Look) -> list[Figure]:
    counts = look.orders.people.counts()
    mine = {rights.PERSONNEL: (1,), rights.TEACHING: (2,)}.get(look.visitor.role, (1, 2, 3))
    figures = [Figure(str(HOLDER_WORDS[kind]), count(counts.get(str(kind), 0))) for kind in mine]
    return [*figures, Figure(_("Have left"), count(counts.get("0", 0)))]


def _meals(look: Look) -> list[Figure]:
    left_fen = look.orders.people.subsidies()["left_fen"]
    return [Figure(_("Left for meals"), money(left_fen), "bad" if left_fen < 0 else "")]


def _fees(look: Look) -> list[Figure]:
    open_fen = sum(row["open_fen"] for row in look.fees)
    late = sum(row["overdue"] for row in look.fees)
    figures = [Figure(_("Fees to be paid"), money(open_fen))]
    if look.office:
        paid_fen = sum(row["paid_fen"] for row in look.fees)
        figures.append(Figure(_("Collected"), money(paid_fen), "good"))
        figures.append(Figure(_("People who are late"), count(late), "bad" if late else ""))
    return figures


def _leavers(look: Look) -> list[Figure]:
    totals = look.orders.people.leavers(True, 0)["totals"]
    return [Figure(_("Frozen"), count(totals["frozen"]), "warn" if totals["frozen"] else "")]


# right, question; in the order in which they stand
FIGURES: tuple[tuple[str, Callable[[Look], list[Figure]]], ...] = (
    ("today", _sold),
    ("terminals", _online),
    ("terminals", _amiss),
    ("close", _booked),
    ("drawers", _cash),
    ("subsidies", _meals),
    ("fees", _fees),
    ("leavers", _leavers),
    ("people", _people),
)


def numbers(look: Look) -> list[Figure]:
    """Of this visitor's office."""
    found = [one for right, ask in FIGURES if look.visitor.may(right) for one in ask(look)]
    return found[:MOST]
