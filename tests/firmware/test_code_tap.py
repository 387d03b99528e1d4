"""A code at a terminal: taken once, within its window, while its issuer's word holds."""

from hypothesis import given
from hypothesis import strategies as st

from card_layout import identity
from protocol import meals, messages, params, reasons, record
from tests.firmware.code_phone import ISSUER, ISSUER_NUMBER, Phone, compressed
from tests.shared.campus import NOON, flash_of, moment, records, screens, tap, terminal_on

KEY = bytes((ISSUER_NUMBER,)) + compressed(ISSUER)
PHONE = Phone()


def shop(amount_fen=250, told=True):
    """-> a terminal that knows the issuer and the time, and waits for somebody to pay."""
    terminal = terminal_on(flash_of())
    terminal.params.apply(1, params.pack({"code_issuers": KEY}))
    if told:
        moment(terminal)
    else:
        terminal.on_open(terminal.moment(NOON, 0))
    terminal.kind.ready(amount_fen)
    return terminal


def show(terminal, text, utc_s=NOON, serve=None):
    now = terminal.moment(utc_s, (utc_s - NOON) * 1000)
    return tap(terminal, None, now, ("code", text), serve)


def refused(terminal, text, reason, utc_s=NOON):
    outcome, effects = show(terminal, text, utc_s)
    assert (outcome.accepted, outcome.reason) == (False, reason), reasons.name(outcome.reason)
    assert screens(effects) == ["unpaid"]


# shows R15
def test_taken_once():
    terminal = shop()
    text = PHONE.show(NOON)
    outcome, effects = show(terminal, text)
    assert outcome.accepted and screens(effects) == ["paid_account"]
    raw = records(terminal)[0]
    entry = record.unpack(raw)
    assert (entry.type, record.outcome_of(raw)) == (record.PURCHASE, record.DONE)
    assert (entry.card, entry.amount_fen, entry.credential & 15) == (9, 250, record.CODE)
    assert entry.counter == PHONE.counter - 1
    assert terminal.journal.grey == 0
    terminal.kind.ready(250)
    refused(terminal, text, reasons.CODE_USED, utc_s=NOON + 5)
    outcome, _ = show(terminal, PHONE.show(NOON + 6), utc_s=NOON + 6)
    assert outcome.accepted


def test_above_a_limit_a_phone_is_asked_for_the_pin_as_a_card_is():
    """A newer code of that phone, or the one that asked; of no other."""
    terminal = shop(1200)
    terminal.params.apply(2, params.pack({"code_issuers": KEY, "pin_tap_fen": 1000}))
    for utc_s, is_newer in ((NOON, False), (NOON + 9, True)):
        text, ticks_ms = PHONE.show(utc_s), (utc_s - NOON) * 1000
        assert screens(show(terminal, text, utc_s)[1]) == ["pin"]
        for char in "471108#":
            terminal.key(char, moment(terminal, utc_s, ticks_ms))
        values = messages.decode(terminal.question())[1]
        answer = messages.encode(messages.PIN_STATE, (values.card, reasons.OK, 3))
        assert screens(terminal.answered(answer, moment(terminal, utc_s, ticks_ms))) == [
            "pin_right"
        ]
        refused(terminal, Phone(8).show(utc_s), reasons.IN_USE, utc_s)
        text = PHONE.show(utc_s + 1) if is_newer else text
        outcome, effects = show(terminal, text, utc_s + 1)
        assert outcome.accepted and screens(effects) == ["paid_account"]
        terminal.kind.ready(1200)
        refused(terminal, text, reasons.CODE_USED, utc_s + 1)
        terminal.kind.ready(1200)


def test_only_within_its_window():
    terminal = shop()
    text = PHONE.show(NOON)
    refused(terminal, PHONE.show(NOON + 16), reasons.CODE_LATE)
    assert show(terminal, PHONE.show(NOON + 15))[0].accepted
    terminal.kind.ready(251)
    refused(terminal, text, reasons.CODE_LATE, utc_s=NOON + 46)
    assert show(terminal, PHONE.show(NOON + 1), utc_s=NOON + 46)[0].accepted


def test_no_codes_without_a_clock_or_an_issuer():
    text = PHONE.show(NOON)
    refused(shop(told=False), text, reasons.CLOCK_UNSET)
    terminal = shop()
    terminal.params.apply(2, b"")
    refused(terminal, text, reasons.FOREIGN)


def test_of_another_campus_expired_altered():
    terminal = shop()
    refused(terminal, Phone(issuer=12).show(NOON), reasons.FOREIGN)
    refused(terminal, Phone(expiry_utc_s=NOON - 1).show(NOON), reasons.EXPIRED)
    text = PHONE.show(NOON)
    bent = text[:-1] + ("0" if text[-1] != "0" else "1")
    refused(terminal, bent, reasons.ALTERED)


def test_noise_from_the_scanner():
    terminal = shop()
    for text in ("", "A", "HTTPS://EXAMPLE.ORG", PHONE.show(NOON)[:-3], "\r", "::::::"):
        refused(terminal, text, reasons.FOREIGN)


def test_caps_of_the_issuer():
    refused(shop(3001), PHONE.show(NOON), reasons.BALANCE)
    terminal = shop(1000)
    terminal.on_close(moment(terminal))
    for _ in range(2):
        terminal.kind.ready(1000)
        assert show(terminal, PHONE.show(NOON))[0].accepted
    terminal.kind.ready(1000)
    refused(terminal, PHONE.show(NOON), reasons.OFFLINE_TAPS)


def has(fen, card=9):
    """-> a server that answers what each phone has with this, and the cards it was asked of."""
    asked = []

    def serve(body):
        number, values, _ = messages.decode(body, messages.TERMINAL)
        assert number == messages.BALANCE
        asked.append(values.card)
        return messages.encode(messages.BALANCE_STATE, (card, fen))

    return serve, asked


# shows R14
@given(amount_fen=st.integers(1, 3000), fen=st.integers(0, 4000))
def test_a_till_that_is_online_takes_what_the_account_has(amount_fen, fen):
    terminal = shop(amount_fen)
    serve, asked = has(fen)
    outcome, _ = show(terminal, PHONE.show(NOON), serve=serve)
    assert asked == [9]
    assert outcome.reason == (reasons.OK if amount_fen <= fen else reasons.BALANCE)
    assert record.unpack(records(terminal)[0]).amount_fen == amount_fen


def test_without_an_answer_the_issuers_caps_hold():
    garbage = (None, b"", b"\x00", messages.encode(messages.PROBLEM, (messages.FAILED,)))
    others = has(0, card=8)[0]
    for serve in (others, *(lambda body, said=said: said for said in garbage)):
        terminal = shop(3000)
        assert show(terminal, PHONE.show(NOON), serve=serve)[0].accepted
        terminal.kind.ready(3001)
        text = PHONE.show(NOON)
        assert show(terminal, text, serve=serve)[0].reason == reasons.BALANCE


def test_nobody_is_asked_in_vain():
    """Offline, in a college that wants it so, of a code that is refused anyway."""
    serve, asked = has(0)
    offline = shop()
    offline.on_close(moment(offline))
    assert show(offline, PHONE.show(NOON), serve=serve)[0].accepted
    trusting = shop()
    trusting.params.apply(2, params.pack({"code_issuers": KEY, "code_asks": 0}))
    text = PHONE.show(NOON)
    assert show(trusting, text, serve=serve)[0].accepted
    trusting.kind.ready(250)
    assert show(trusting, text, serve=serve)[0].reason == reasons.CODE_USED
    assert not asked


def test_a_look_tells_how_long_it_is_valid():
    terminal = shop()
    terminal.key("*", moment(terminal))
    _, effects = show(terminal, PHONE.show(NOON))
    assert screens(effects) == ["valid"]


def test_a_meal_that_the_subsidy_pays_uses_the_code_up():
    """Nothing is taken, and the screenshot is good for nothing all the same, after a boot too."""
    terminal = shop(700)
    wanted = meals.pack([(0x7F, 0, 1440, 800)])
    wishes = {"code_issuers": KEY, "staff": 1, "meals": wanted}
    assert terminal.params.apply(2, params.pack(wishes)) == 1
    staff = Phone(holder_kind=identity.STAFF)
    text = staff.show(NOON)
    outcome, effects = show(terminal, text)
    assert outcome.accepted and effects == [("show", "meal_account", (700, 0))]
    terminal.kind.ready(700)
    refused(terminal, text, reasons.CODE_USED)
    terminal = terminal_on(terminal._flash)
    moment(terminal)
    terminal.kind.ready(700)
    refused(terminal, text, reasons.CODE_USED)
