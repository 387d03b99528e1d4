"""Lists of people in words: kinds, changes, columns, and all that can be wrong with a row."""

from flask_babel import gettext as _


def list_words() -> dict[str, str]:
    """kind of list -> its name."""
    return {
        "staff": _("Staff"),
        "students": _("Students"),
        "temporary": _("Temporary"),
        "staff-leave": _("Staff who leave"),
        "students-leave": _("Students who leave"),
        "temporary-leave": _("Temporary who leave"),
        "subsidies": _("Meal subsidies"),
        "fees-teaching": _("Fees of teaching affairs"),
        "fees-students": _("Fees of student affairs"),
    }


def change_words() -> dict[str, str]:
    """change -> word."""
    return {
        "new": _("new"),
        "renew": _("extended"),
        "change": _("changed"),
        "same": _("as before"),
        "end": _("ends"),
        "pay": _("subsidised"),
        "ask": _("has to pay"),
        "wrong": _("wrong"),
    }


def field_words() -> dict[str, str]:
    """column -> word."""
    return {
        "number": _("Number"),
        "name": _("Full name"),
        "department": _("Unit"),
        "until": _("Valid until"),
        "valid_until": _("Valid until"),
        "approver": _("Approved by"),
        "paper": _("Document"),
        "why": _("Reason"),
        "choice": _("Balance"),
        "donate": _("Donation"),
        "month": _("Month"),
        "amount": _("Amount"),
        "item": _("Fee item"),
        "due": _("Last day to pay"),
        "bank": _("Bank account"),
    }


def fault_words() -> dict[str, str]:
    """fault of core.rosters -> what is wrong, with %(value)s."""
    return {
        "lacks": _("is missing"),
        "long": _("is too long: %(value)s", value="%(value)s"),
        "odd": _("has signs that cannot be printed: %(value)s", value="%(value)s"),
        "doubled": _("is in row %(value)s already", value="%(value)s"),
        "other kind": _("belongs to another kind of holder"),
        "no day": _("is no date: %(value)s", value="%(value)s"),
        "beyond": _("is later than the rules allow: at most %(value)s", value="%(value)s"),
        "past": _("is over already: %(value)s", value="%(value)s"),
        "ended": _("has left already"),
        "unknown": _("is nobody we know"),
        "other name": _("is not the name we have: %(value)s", value="%(value)s"),
        "no choice": _("must be refund, donate or part: %(value)s", value="%(value)s"),
        "no amount": _("is no amount in yuan: %(value)s", value="%(value)s"),
        "no month": _("is no month: %(value)s", value="%(value)s"),
        "had": _("has its subsidy already: %(value)s", value="%(value)s"),
        "listed": _("was ordered for them already: %(value)s", value="%(value)s"),
        "too much": _("is more than 10,000 yuan: %(value)s", value="%(value)s"),
        "no bank": _("is no account number: %(value)s", value="%(value)s"),
    }
