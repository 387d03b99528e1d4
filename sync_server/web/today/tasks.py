"""What waits for one office's word: a table of right and question. What is nothing is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask import url_for
from flask_babel import gettext as _

from sync_server.core import merchants, topups, validity
from sync_server.core import partners as partner_rules
from sync_server.web.centre.approvals import deed_words
from sync_server.web.console import view
from sync_server.web.logistics.words import alarm_line
from sync_server.web.registry.words import list_words
from sync_server.web.today.look import Look

BAD, WARN, CALM = "bad", "warn", ""
_NAMED = 3  # in a detail
_NEWEST = 2**31 - 1
_LIST_KEPT_S = 30 * 86400  # so long a list that was only looked at is spoken of


class Task(NamedTuple):
    """tone: CSS class; many: how many; words, detail: what; to: address of where it is done."""

    tone: str
    many: int
    words: str
    detail: str
    to: str


def _named(names: list[str]) -> str:
    told = list(dict.fromkeys(name for name in names if name))
    return "、".join(told[:_NAMED]) + (" …" if len(told) > _NAMED else "")


def _requests(look: Look) -> Task | None:
    rows = look.others_requests
    words = deed_words()
    detail = _named([words.get(row["deed"], row["deed"]) for row in rows])
    fen = sum(row["told"].get("amount_fen", 0) for row in rows)
    detail += f" · {view.money(fen)}" if fen else ""
    return Task(WARN, len(rows), _("wait for your word"), detail, url_for("centre.approvals"))


def _losses(look: Look) -> Task | None:
    rows = look.waiting["losses"]
    detail = _named([str(row["card"]) for row in rows])
    words = _("loss reports are held back")
    return Task(BAD, len(rows), words, detail, url_for("centre.approvals"))


def _emergency(look: Look) -> Task | None:
    now = look.orders.emergencies.now()
    to = url_for("console.emergencies")
    return Task(BAD, 1, _("emergency is in force"), now["reason"], to) if now else None


def _admissions(look: Look) -> Task | None:
    states = (merchants.APPLIED, merchants.ONE, merchants.TWO)
    rows = [row for row in look.orders.merchants.all()["merchants"] if row["state"] in states]
    office = look.visitor.role
    rows = [row for row in rows if office not in look.orders.merchants.get(row["id"])["granted"]]
    detail = _named([row["name"] for row in rows])
    words = _("merchants ask to be admitted")
    return Task(WARN, len(rows), words, detail, url_for("finance.merchants"))


def _judged(look: Look) -> Task | None:
    rows = [row for row in look.disputes if row["may_decide"]]
    tone = BAD if any(row["is_overdue"] for row in rows) else WARN
    detail = _named([row["merchant"] for row in rows])
    return Task(tone, len(rows), _("disputes are to be decided"), detail, url_for("disputes.cases"))


def _answered(look: Look) -> Task | None:
    rows = [row for row in look.disputes if row["state"] == "opened"]
    tone = BAD if any(row["is_overdue"] for row in rows) else WARN
    detail = view.money(sum(row["claimed_fen"] for row in rows))
    words = _("disputes wait for your answer")
    return Task(tone, len(rows), words, detail, url_for("disputes.cases"))


def _kept(look: Look) -> Task | None:
    rows = look.orders.payments.listed(True, _NEWEST)["payments"]
    rows = [row for row in rows if row["state"] == topups.PAID]
    detail = view.money(sum(row["amount_fen"] for row in rows))
    words = _("payments are kept: give them back")
    return Task(WARN, len(rows), words, detail, url_for("finance.payments", kept=1))


def _days(look: Look) -> Task | None:
    first = look.days["next"]
    if first is None or first >= look.today:
        return None
    detail = _("since %(day)s", day=validity.shown(first))
    count = look.today - first
    tone = BAD if count > _NAMED else WARN
    return Task(tone, count, _("days are not closed"), detail, url_for("finance.days"))


def _settlements(look: Look) -> Task | None:
    rows = [row for row in look.orders.books.settlements()["due"] if row["is_ready"]]
    detail = view.money(sum(row["net_fen"] for row in rows))
    words = _("merchants can be paid")
    return Task(WARN, len(rows), words, detail, url_for("finance.settlements"))


def _refunds(look: Look) -> Task | None:
    totals = look.orders.people.leavers(True, 0)["totals"]
    detail = _("in no refund list yet")
    count = 1 if totals["unlisted_fen"] else 0
    words = _("refunds of %(yuan)s", yuan=view.money(totals["unlisted_fen"]))
    return Task(WARN, count, words, detail, url_for("finance.leavers", settled=1))


def _meals(look: Look) -> Task | None:
    left_fen = look.orders.people.subsidies()["left_fen"]
    count = 1 if left_fen < 0 else 0
    detail = view.money(-left_fen)
    words = _("meals of staff are eaten and not paid for")
    return Task(WARN, count, words, detail, url_for("finance.subsidies"))


def _lists(look: Look) -> Task | None:
    rows = [
        row
        for row in look.lists
        if row["applied_utc_s"] is None
        and not row["waits"]
        and row["put_utc_s"] > look.now_s - _LIST_KEPT_S
    ]
    words = list_words()
    detail = _named([f"{words[row['kind']]} {row['file']}" for row in rows])
    text = _("lists were looked at and not applied")
    return Task(WARN, len(rows), text, detail, url_for("registry.lists"))


def _late(look: Look) -> Task | None:
    if not look.office:
        return None
    rows = [row for row in look.fees if row["overdue"]]
    detail = _named([row["item"] for row in rows])
    count = sum(row["overdue"] for row in rows)
    return Task(BAD, count, _("people are late with a fee"), detail, url_for("fees.orders"))


def _alarms(look: Look) -> Task | None:
    rows = [row for row in look.terminals if row["alarms"]]
    detail = _named([f"{row['place']} {alarm_line(*row['alarms'][0])}" for row in rows])
    to = url_for("logistics.terminals", only="alarms")
    return Task(BAD, len(rows), _("terminals raise an alarm"), detail, to)


def _partners(look: Look) -> Task | None:
    rows = [row for row in look.orders.partners.rows() if row["state"] == partner_rules.ASKED]
    detail = _named([row["name"] for row in rows])
    words = _("other systems ask to be connected")
    return Task(WARN, len(rows), words, detail, url_for("centre.partners"))


def _log(look: Look) -> Task | None:
    fault = look.orders.offices.check()["fault"]
    to = url_for("centre.acts")
    return Task(BAD, 1, _("row of the log is not what it was"), fault["why"], to) if fault else None


def _own(look: Look) -> Task | None:
    rows = look.own_requests
    words = deed_words()
    detail = _named([words.get(row["deed"], row["deed"]) for row in rows])
    text = _("of yours wait for a second person")
    may_see = look.visitor.may("approve")
    return Task(CALM, len(rows), text, detail, url_for("centre.approvals") if may_see else "")


# right, question; in the order in which they are asked
TASKS: tuple[tuple[str, Callable[[Look], Task | None]], ...] = (
    ("emergency", _emergency),
    ("audit", _log),
    ("stop-many", _losses),
    ("approve", _requests),
    ("terminals", _alarms),
    ("answer-dispute", _answered),
    ("judge-dispute", _judged),
    ("admit", _admissions),
    ("partner-grant", _partners),
    ("return-payment", _kept),
    ("close", _days),
    ("settle", _settlements),
    ("refund", _refunds),
    ("subsidies", _meals),
    ("lists", _lists),
    ("fees", _late),
    ("today", _own),
)


def waiting(look: Look) -> list[Task]:
    """What there is to do, the worst first."""
    asked = (ask(look) for right, ask in TASKS if look.visitor.may(right))
    found = [task for task in asked if task is not None and task.many]
    return sorted(found, key=lambda task: (BAD, WARN, CALM).index(task.tone))
