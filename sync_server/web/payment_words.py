"""Payments and disputes in words: states with their tones (CSS classes), reasons, acts."""

from flask_babel import gettext as _


def state_words() -> dict[str, tuple[str, str]]:
    """state of core.topups -> (word, tone)."""
    return {
        "ordered": (_("waits for payment"), ""),
        "expired": (_("expired"), ""),
        "paid": (_("kept"), "warn"),
        "booked": (_("booked"), "good"),
        "returning": (_("on its way back"), "warn"),
        "refunded": (_("given back"), ""),
    }


def fee_words() -> dict[str, tuple[str, str]]:
    """state of core.fees, and overdue -> (word, tone)."""
    return {
        "listed": (_("waits for a second person"), "warn"),
        "due": (_("to be paid"), ""),
        "overdue": (_("late"), "bad"),
        "paid": (_("paid"), "good"),
        "refunded": (_("refunded"), ""),
        "withdrawn": (_("withdrawn"), ""),
    }


def how_words() -> dict[str, str]:
    """how a fee was paid -> words."""
    return {
        "channel": _("payment channel"),
        "purse": _("purse of the phone"),
        "cash": _("cash at the desk"),
    }


def dispute_words() -> dict[str, tuple[str, str]]:
    """state of core.disputes, or "closed OUTCOME" -> (word, tone)."""
    return {
        "opened": (_("waits for the merchant"), ""),
        "overdue": (_("overdue"), "bad"),
        "answered": (_("to be decided"), "warn"),
        "upheld": (_("waits for a second person"), "warn"),
        "refused": (_("turned down"), ""),
        "closed paid": (_("refunded"), "good"),
        "closed reversed": (_("given back at the terminal"), "good"),
        "closed refused": (_("turned down"), ""),
        "withdrawn": (_("withdrawn"), ""),
    }


def why_words() -> dict[str, str]:
    """why of core.topups -> words."""
    return {
        "": "",
        "unknown": _("no such order"),
        "amount": _("another amount"),
        "twice": _("paid twice"),
        "card": _("card closed"),
        "withdrawn": _("the fee was withdrawn"),
        "refund": _("the fee is refunded"),
    }


def money_acts() -> dict[str, str]:
    """what (of the log) -> words."""
    return {
        "finance.give_back": _("return of a payment asked for"),
        "disputes.open_case": _("dispute opened"),
        "disputes.answer": _("dispute answered"),
        "disputes.uphold": _("refund of a dispute asked for"),
        "disputes.refuse": _("dispute turned down"),
        "phone.dispute": _("dispute opened by phone"),
        "phone.withdraw": _("dispute withdrawn by phone"),
        "desk.take_cash": _("cash taken"),
        "desk.reverse_cash": _("reversal of cash asked for"),
        "phone.topup": _("top-up ordered by phone"),
        "fees.withdraw": _("fees withdrawn"),
        "fees.take_cash": _("fee taken in cash"),
        "fees.refund": _("refund of a fee asked for"),
        "fees.undo": _("undoing of a receipt asked for"),
        "phone.pay_fee": _("fee paid by phone"),
        "pay.callback": _("payment told by the channel"),
    }
