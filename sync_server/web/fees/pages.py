"""/fees: what an office ordered and who has paid; /fees/<list>: each of its people.

An office sees and changes its own; finance, the centre and the desk see all. A list is sent on
/lists, as any other.
"""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, g, request, url_for
from flask_babel import gettext as _

from sync_server.core import fees as core
from sync_server.core import rosters, validity
from sync_server.gateway.fees import PEOPLE
from sync_server.web import export
from sync_server.web import fields as given
from sync_server.web.answers import done, is_program, shown
from sync_server.web.console import view
from sync_server.web.export import FEN, TEXT, Sheet
from sync_server.web.fees import fees
from sync_server.web.payment_words import fee_words, how_words
from sync_server.web.refusals import BadField
from sync_server.web.registry.words import list_words

_LIST = "/fees/<int(min=1,max=2147483647):roster>"
_ONE = "/fees/people/<int(min=1,max=2147483647):number>"
SHOWN = 300


def _fees():
    return current_app.extensions["desk"].orders.fees


def _mine() -> str:
    """Whose fees this visitor sees: an office its own, "" all."""
    return g.visitor.role if g.visitor.role in core.OFFICES else ""


@fees.get("/fees")
def orders():
    """-> {orders: [{roster, office, item, due, put_by, people, amount_fen, listed, paid, paid_fen,
    open, open_fen, overdue, refunded, withdrawn}], collected: fen by office}"""
    told = _fees().orders(_mine())
    if is_program():
        told["orders"] = [row | {"due": validity.shown(row["due"])} for row in told["orders"]]
    return shown("fees.html", told, offices=office_words(), may_order=_may_order())


@fees.get(_LIST)
def order(roster: int):
    """?state=STATE -> {orders, people: [{id, item, holder, holder_number, holder_name, amount_fen,
    due, state, is_overdue, how, paid_utc_s, receipt, waits}]}; ?as=xlsx or pdf"""
    state = request.args.get("state", "")
    if state not in ("", *core.STATES):
        raise BadField(f"state must be one of {', '.join(core.STATES)}")
    is_page = not is_program() and not export.wanted()
    told = _fees().order(roster, state, _mine(), SHOWN + 1 if is_page else PEOPLE)
    head = told["orders"][0]
    if export.wanted():
        return export.given(f"fees-{roster}", head["item"], [_sheet(told["people"])])
    people = told["people"]
    return shown(
        "fee.html",
        told | {"people": people[:SHOWN]} if is_page else told,
        roster=roster,
        state=state,
        hidden=len(people) > SHOWN,
        words=fee_words(),
        hows=how_words(),
        offices=office_words(),
        may_change=_may_change(head["office"]),
    )


@fees.post(f"{_LIST}/withdrawal")
def withdraw(roster: int):
    """{reason, fee (0: every one that is due)} -> {withdrawn: how many}; what is paid stays paid"""
    wish = given.given()
    number = given.number({"fee": 0} | wish, "fee", 0, given.NUMBER_MAX)
    head = _fees().order(roster, core.DUE, _mine(), 1)["orders"][0]
    _must_change(head["office"])
    why = given.prose(wish, "reason", core.REASON_MOST)
    count = _fees().withdraw(roster, number or None, why)
    words = _("%(n)s withdrawn.", n=count)
    return done({"withdrawn": count}, url_for("fees.order", roster=roster), words)


@fees.post(f"{_ONE}/cash")
def take_cash(number: int):
    """{receipt}: a clerk has the money -> {fee}; the same receipt again is the same"""
    receipt = given.text(given.given(), "receipt", 30)
    row = _fees().take_cash(number, receipt, clerk=g.visitor.name)
    words = _("Receipt %(receipt)s: %(name)s, %(item)s, %(yuan)s.", receipt=receipt,
              name=row["holder_name"], item=row["item"],
              yuan=view.money(row["amount_fen"]))  # fmt: skip
    return done({"fee": row}, url_for("desk.person", number=row["holder"]), words, 201)


@fees.post(f"{_ONE}/refund")
def refund(number: int):
    """-> {request}: a second person must grant it; it goes back the way it came"""
    row = _fees().one(number)
    _must_change(row["office"])
    asked = _fees().ask_refund(number, by=g.visitor.name)
    words = _("The refund is asked for: a second person must grant it.")
    return done({"request": asked}, url_for("fees.order", roster=row["roster"]), words, 202)


@fees.post(f"{_ONE}/undoing")
def undo(number: int):
    """-> {request}: a receipt for the wrong person; once a second person grants it, the fee is due
    again"""
    asked = _fees().ask_undoing(number, by=g.visitor.name)
    words = _("The reversal is asked for: a second person must grant it.")
    return done({"request": asked}, url_for("desk.cash"), words, 202)


def _may_change(office: str) -> bool:
    return g.visitor.may(rosters.right_of(f"fees-{office}"))


def _must_change(office: str) -> None:
    if not _may_change(office):
        abort(403, "your office does not do this")


def _may_order() -> bool:
    return any(_may_change(office) for office in core.OFFICES)


def office_words() -> dict[str, str]:
    """office -> whose fees."""
    return {office: list_words()[f"fees-{office}"] for office in core.OFFICES}


def _sheet(people: list[dict[str, Any]]) -> Sheet:
    words, hows = fee_words(), how_words()
    heads = [
        (_("Number"), TEXT), (_("Full name"), TEXT), (_("Unit"), TEXT), (_("Fee item"), TEXT),
        (_("Amount"), FEN), (_("Last day to pay"), TEXT), (_("State"), TEXT), (_("Paid how"), TEXT),
        (_("When"), TEXT), (_("Receipt"), TEXT),
    ]  # fmt: skip
    rows = [
        [row["holder_number"], row["holder_name"], row["department"], row["item"],
         row["amount_fen"], row["due"], words["overdue" if row["is_overdue"] else row["state"]][0],
         hows.get(row["how"] or "", ""),
         view.date_clock(row["paid_utc_s"]) if row["paid_utc_s"] else "", row["receipt"] or ""]
        for row in people
    ]  # fmt: skip
    return Sheet(_("Fees"), heads, rows)
