"""Who may order an emergency: the centre, once, and nobody else. With the true signatures."""

from firmware.core.emergency import is_signed
from protocol import emergency, messages
from tests.shared.orders import CENTRE, ENDED, FIRST, FORGED
from tests.shared.test_emergency import APPLIED, NAMES, NOON, REFUSED, SAME, Till, changed, flash_of


def till_of(centre):
    """A till that looks at signatures."""
    till = Till(flash_of(messages.POS, centre))
    till.terminal.emergency.is_signed = is_signed
    return till


# shows R19
def test_only_the_centre_orders_and_only_once():
    till = till_of(CENTRE)
    assert till.order(FORGED) == (0, REFUSED)
    assert till.order(FIRST[:-1] + bytes((FIRST[-1] ^ 1,))) == (0, REFUSED)
    longer = changed(emergency.parse(FIRST), NAMES, end_s=NOON + 7200)
    assert till.order(emergency.pack(longer) + FIRST[emergency.SIGNED :]) == (0, REFUSED)
    assert till.log() == [] and till.turn() == []
    assert till.order(FIRST) == (1, APPLIED)
    assert till.order(FIRST) == (1, SAME)
    assert till.order(ENDED) == (2, APPLIED)
    assert till.order(FIRST) == (2, REFUSED)  # sent again by who would like it to go on
    assert not till.terminal.emergency.is_on(till.now())


def test_without_the_centres_key_nobody_orders():
    till = till_of(b"")
    assert till.order(FIRST) == (0, REFUSED)
