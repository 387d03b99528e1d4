"""Which right each route needs (core.rights), and which fields of its request the log keeps.

A route that is in neither table answers 403 to everybody; a test says so. The routes of an office
are there twice, for people and under /api for programs: one row is for both.
"""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import lazy_gettext as _l

TWIN = "_api"  # behind the name of an office's blueprint, where it stands under /api


class Need(NamedTuple):
    """right: a word of core.rights; kept: names of fields that the log may have, none secret."""

    right: str
    kept: tuple[str, ...] = ()


# routes of other systems, which have keys of their own: the scope that each needs ("": any)
SCOPES = {
    "partners.me": "",
    "partners.card": "identity:read",
    "partners.chip": "identity:read",
    "partners.use_code": "codes:check",
    "partners.passes": "passes:read",
    "partners.holders": "holders:read",
}

# who somebody is, is told by the request itself: a form being filled in, a signature, a claim
OPEN = frozenset({
    "static", "console.sign_in", "console.enter", "console.speak",
    "phone.page", "phone.worker", "phone.enrol", "phone.renew", "phone.cards", "phone.loss",
    "phone.pin_page", "phone.put_pin", "phone.pin_state", "phone.change_pin", "phone.unlock_pin",
    "phone.money", "phone.top_up", "phone.dispute", "phone.withdraw",
    "phone.pay_fee", "pay.callback",
    "provision.use", *SCOPES,
})  # fmt: skip

NEEDS = {
    "console.sign_out": Need("home"),
    "console.password": Need("home"),
    "today.page": Need("today"),
    "today.take_back": Need("today"),
    "console.index": Need("console"),
    "console.events": Need("console"),
    "console.loss": Need("stop", ("card", "act")),
    "console.bearers": Need("bearers"),
    "console.bearers_paper": Need("bearers"),
    "console.emergencies": Need("emergency"),
    "console.order": Need("emergency", ("act", "what", "minutes", "tap", "card", "reason")),
    "console.emergency_report": Need("emergency"),
    # the centre
    "centre.officers": Need("officers"),
    "centre.add_officer": Need("officers", ("name", "shown", "role", "merchant")),
    "centre.give_password": Need("officers"),
    "centre.close_officer": Need("officers"),
    "centre.approvals": Need("approve"),
    "centre.decide": Need("approve", ("act",)),
    "centre.let_loss": Need("stop-many"),
    "centre.acts": Need("audit"),
    "centre.partners": Need("partners"),
    "centre.ask_partner": Need("partner-ask", ("name", "purpose", "contact")),
    "centre.partner": Need("partners"),
    "centre.grant_partner": Need("partner-grant"),
    "centre.refuse_partner": Need("partner-grant"),
    "centre.stop_partner": Need("partner-grant"),
    "centre.make_partner_key": Need("partner-grant"),
    "centre.set_hook": Need("partner-grant", ("url",)),
    "centre.end_hook": Need("partner-grant"),
    "centre.send_again": Need("partner-grant"),
    # the desk
    "desk.people": Need("people"),
    "desk.person": Need("people"),
    "desk.extend": Need("extend", ("until", "approver", "paper")),
    "desk.link": Need("extend", ("card",)),
    "desk.card": Need("people"),
    "desk.pin_of": Need("pins"),
    "desk.invite_pin": Need("pins"),
    "desk.unlock": Need("pins"),
    "desk.stop": Need("stop"),
    "desk.free": Need("stop"),
    "desk.cash": Need("drawers"),
    "desk.take_cash": Need("cash", ("receipt", "card", "amount", "amount_fen")),
    "desk.reverse_cash": Need("cash"),
    # lists of people; whose list it is, is asked once the list is known
    "registry.lists": Need("lists"),
    "registry.put": Need("lists", ("kind",)),
    "registry.one": Need("lists"),
    "registry.apply": Need("lists"),
    # finance
    "finance.leavers": Need("leavers"),
    "finance.settle": Need("refund"),
    "finance.refund": Need("refund"),
    "finance.file": Need("refund"),
    "finance.merchants": Need("merchants"),
    "finance.apply": Need("merchants-apply", ("name", "contract", "place", "fee", "until")),
    "finance.merchant": Need("merchants"),
    "finance.act": Need("admit", ("event", "turn", "note")),
    "finance.admission": Need("admission"),
    "finance.days": Need("ledger"),
    "finance.close_days": Need("close", ("until",)),
    "finance.day": Need("ledger"),
    "finance.settlements": Need("ledger"),
    "finance.settle_merchants": Need("settle", ("until",)),
    "finance.let": Need("settle", ("until", "reason")),
    "finance.settlement": Need("ledger"),
    "finance.settlement_file": Need("settle"),
    "finance.bank": Need("ledger"),
    "finance.put_statement": Need("close"),
    "finance.resolve": Need("close", ("side", "item", "kind", "note")),
    "finance.finish": Need("close"),
    "finance.report": Need("ledger"),
    "finance.accounts": Need("ledger"),
    "finance.account": Need("ledger"),
    "finance.record": Need("ledger"),
    "finance.subsidies": Need("subsidies"),
    "finance.payments": Need("payments"),
    "finance.give_back": Need("return-payment"),
    # fees for others; whose somebody sees, and may change, is web.fees'
    "fees.orders": Need("fees"),
    "fees.order": Need("fees"),
    "fees.withdraw": Need("fees", ("fee", "reason")),
    "fees.take_cash": Need("cash", ("receipt",)),
    "fees.refund": Need("fees"),
    "fees.undo": Need("cash"),
    # disputes; whose somebody sees is web.disputes.cases
    "disputes.cases": Need("disputes"),
    "disputes.case": Need("disputes"),
    "disputes.purchases": Need("open-dispute"),
    "disputes.open_case": Need("open-dispute", ("purchase", "amount", "amount_fen")),
    "disputes.answer": Need("answer-dispute"),
    "disputes.uphold": Need("judge-dispute", ("amount", "amount_fen")),
    "disputes.refuse": Need("judge-dispute"),
    # logistics; which terminals somebody sees is web.logistics.sees
    "logistics.terminals": Need("terminals"),
    "logistics.terminal": Need("terminals"),
    "logistics.answer_for": Need("care", ("who",)),
    "logistics.note": Need("damage", ("kind", "note")),
    "logistics.end_damage": Need("care"),
    "logistics.alarms": Need("terminals"),
    "logistics.set_alarm": Need("alarms", ("limit", "is_on")),
    # programs
    "api.status": Need("status"),
    "api.openapi": Need("home"),
    "api.ledger": Need("ledger"),
    "api.link": Need("devices"),
    "api.records": Need("status"),
    "api.shifts": Need("ledger"),
    "api.enrol": Need("devices", ("kind", "place", "merchant")),
    "api.replace": Need("devices"),
    "api.journal": Need("devices"),
    "api.lost": Need("status"),
    "api.give_up": Need("devices"),
    "api.make_claim": Need("devices", ("kind", "place", "merchant", "boxes", "days", "kit")),
    "api.for_all": Need("devices"),
    "api.for_one": Need("devices"),
    "api.grants_reach": Need("status"),
    "api.grants": Need("devices"),
    "api.put": Need("devices"),
    "api.images": Need("status"),
    "api.issue": Need("issue"),
    "api.issue_wallets": Need("issue"),
    "api.invite": Need("issue", ("holder_kind", "name", "valid_until", "zones", "balance_fen")),
    "api.report": Need("stop"),
    "api.withdraw": Need("stop"),
    "api.approve": Need("stop-many"),
    "api.reach": Need("people"),
    "api.psam": Need("devices"),
    "api.load_chip": Need("issue"),
    "api.sign_load": Need("issue"),
    "api.begin_issue": Need(
        "issue",
        ("credential", "holder_kind", "name", "valid_until", "balance_fen", "replaces"),
    ),
    "api.end_issue": Need("issue"),
    "api.void_issue": Need("issue"),
    "api.chip": Need("issue"),
    "api.card_as_it_is": Need("people"),
    "api.read_chip": Need("issue"),
    "api.take_back": Need("issue"),
    "api.settle": Need("issue"),
    "api.card_keys": Need("status"),
    "api.grow_card_keys": Need("devices", ("sectors",)),
    "api.use_card_keys": Need("devices", ("version",)),
    "api.retire_card_keys": Need("devices", ("oldest",)),
    "api.declare_emergency": Need(
        "emergency", ("what", "minutes", "tap_fen", "card_fen", "reason")
    ),
    "api.end_emergency": Need("emergency", ("reason",)),
    "api.every_emergency": Need("emergency"),
    "api.report_emergency": Need("emergency"),
    "api.bearers": Need("bearers"),
    "api.grant": Need("leave", ("from_utc_s", "until_utc_s", "reason")),
    "api.leaves": Need("leave"),
    "api.end": Need("leave"),
    "api.order_loads": Need("issue"),
    "api.actions_of_card": Need("people"),
    "api.withdraw_action": Need("issue"),
}

LARGE = frozenset({"registry.put", "finance.put_statement"})  # take a file

# the way through the pages: route, word, in this order
PLACES = (
    ("today.page", _l("Today")),
    ("console.index", _l("Overview")),
    ("desk.people", _l("Holders")),
    ("registry.lists", _l("Lists")),
    ("fees.orders", _l("Fees")),
    ("finance.leavers", _l("Leavers")),
    ("finance.merchants", _l("Merchants")),
    ("finance.days", _l("Books")),
    ("finance.payments", _l("Top-ups")),
    ("finance.subsidies", _l("Meal subsidies")),
    ("desk.cash", _l("Cash")),
    ("disputes.cases", _l("Disputes")),
    ("logistics.terminals", _l("Terminals")),
    ("console.emergencies", _l("Emergency")),
    ("centre.approvals", _l("Approvals")),
    ("centre.partners", _l("Other systems")),
    ("centre.officers", _l("Accounts")),
    ("centre.acts", _l("Log")),
)


def need_of(endpoint: str) -> Need | None:
    """What a route needs; None: nobody may."""
    office, _, view = endpoint.rpartition(".")
    return NEEDS.get(f"{office.removesuffix(TWIN)}.{view}")
