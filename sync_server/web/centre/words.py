"""Acts of the log by the names that people call them; others keep the name of their route."""

from flask_babel import gettext as _

from sync_server.web.payment_words import money_acts


def act_words() -> dict[str, str]:
    """what -> words."""
    return money_acts() | {
        "signed in": _("signed in"),
        "wrong password": _("wrong password"),
        "office add": _("account made in the shell"),
        "office password": _("password given in the shell"),
        "console.password": _("password changed"),
        "console.loss": _("loss reported or withdrawn"),
        "console.bearers_paper": _("signed document on who bears it"),
        "centre.add_officer": _("account made"),
        "centre.give_password": _("password given"),
        "centre.close_officer": _("account closed by the centre"),
        "centre.decide": _("request decided"),
        "centre.let_loss": _("held loss report granted"),
        "centre.ask_partner": _("application of another system entered"),
        "centre.grant_partner": _("other system granted"),
        "centre.refuse_partner": _("other system refused"),
        "centre.stop_partner": _("other system stopped"),
        "centre.make_partner_key": _("key of another system made"),
        "centre.set_hook": _("webhook set"),
        "centre.end_hook": _("webhook ended"),
        "centre.send_again": _("dead deliveries sent again"),
        "partner wrong key": _("wrong key of another system"),
        "desk.extend": _("holder extended"),
        "desk.link": _("card linked"),
        "desk.stop": _("loss reported"),
        "desk.free": _("loss withdrawn"),
        "phone.loss": _("loss reported or withdrawn by phone"),
        "registry.put": _("list sent"),
        "registry.apply": _("list applied"),
        "finance.settle": _("leavers settled"),
        "finance.refund": _("refund list made"),
        "finance.apply": _("application of a merchant entered"),
        "finance.act": _("merchant granted, refused, suspended or ended"),
        "finance.admission": _("admission of merchants asked for"),
        "finance.close_days": _("days closed"),
        "finance.settle_merchants": _("settlement made"),
        "finance.let": _("settlement let through"),
        "finance.put_statement": _("statement of the bank read"),
        "finance.resolve": _("line of the bank explained"),
        "finance.finish": _("month reconciled"),
        "logistics.answer_for": _("responsible person set"),
        "logistics.note": _("damage or inspection noted"),
        "logistics.end_damage": _("damage seen to"),
        "logistics.set_alarm": _("alarm changed"),
        "api.enrol": _("terminal enrolled"),
        "api.issue": _("cards issued"),
        "api.invite": _("phone invited"),
        "api.order_loads": _("loads ordered"),
        "api.report": _("loss reported"),
        "api.withdraw": _("loss withdrawn"),
    }


def act_line(what: str) -> str:
    """In words; what was refused says so."""
    plain = what.removesuffix(" refused")
    words = act_words().get(plain, plain)
    return words if plain == what else _("refused: %(what)s", what=words)
