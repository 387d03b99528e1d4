"""/cards/<n>/...: stop a lost card, free a found one, and the truth of how far that has come.

The page asks for its part again every two seconds until every terminal has confirmed.
"""

from __future__ import annotations

from flask import current_app, g, url_for
from flask_babel import gettext as _

from sync_server.gateway.refusals import Impossible
from sync_server.web.answers import done, is_part, shown
from sync_server.web.console import view
from sync_server.web.desk import desk
from sync_server.web.fields import CARD_MAX

_ONE = f"/cards/<int(min=1,max={CARD_MAX}):card>"


def _orders():
    return current_app.extensions["desk"].orders


@desk.get(f"{_ONE}/reach")
def card(card: int):
    """-> {card, listed, waits, version, terminals, confirmed, since_utc_s, missing, holder}"""
    told = _orders().loss_reach(card)
    told["holder"] = _orders().people.holder_of_card(card)
    page = "_truth.html" if is_part() else "card.html"
    return shown(page, told, reach=view.reach(told))


@desk.post(f"{_ONE}/stop")
def stop(card: int):
    """-> as above; a card that is stopped already stays so"""
    told = _orders().loss_report(card, by=g.visitor.name)
    return done(told, url_for("desk.card", card=card), _("The loss is reported."))


@desk.post(f"{_ONE}/free")
def free(card: int):
    """-> as above; 409 if it is not reported lost"""
    try:
        told = _orders().loss_withdraw(card, by=g.visitor.name)
    except Impossible as error:
        if error.status == 409:
            raise Impossible("this card is not reported lost", 409) from None
        raise
    return done(told, url_for("desk.card", card=card), _("The report is withdrawn."))
