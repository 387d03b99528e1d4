"""The tap's table: every cell is walked by a real tap, every other step is one error."""

from firmware.core import states, tap
from firmware.core.journal import JournalFull
from firmware.core.states import OUTCOMES, STATES, TABLE, NoSuchStep
from protocol import messages, reasons
from tests.shared import campus
from tests.shared.campus import Card, flash_of, moment, terminal_on
from tests.shared.expect import raises


def test_a_step_that_is_not_in_the_table_is_one_error():
    for state in STATES:
        for outcome in OUTCOMES:
            after = TABLE.get(state, {}).get(outcome)
            if after is None:
                error = raises(NoSuchStep, states.step, state, outcome)
                assert state in str(error) and outcome in str(error)
            else:
                assert states.step(state, outcome) == after


def test_every_state_is_reached_and_leads_to_the_end():
    reached = {states.IDENTIFY}
    for _ in STATES:
        for state in list(reached):
            for after in TABLE.get(state, {}).values():
                reached.add(after)
    assert sorted(reached) == sorted(STATES)
    assert sorted(tap.STAGES) == sorted(TABLE)
    ends = {states.END}
    for _ in STATES:
        for state in TABLE:
            if any(after in ends for after in TABLE[state].values()):
                ends.add(state)
    assert sorted(ends) == sorted(STATES)


def test_money_leaves_only_after_an_intent_and_paid_is_said_only_after_a_confirm():
    to_commit = [state for state in TABLE if states.COMMIT in TABLE[state].values()]
    assert to_commit == [states.INTENT]


def test_every_cell_is_walked():
    walked = set()
    step = states.step

    def noted(state, outcome):
        walked.add((state, outcome))
        return step(state, outcome)

    states.step = noted
    try:
        for walk in (good, bad, torn, full, loaded):
            walk()
    finally:
        states.step = step
    missing = []
    for state in TABLE:
        for outcome in TABLE[state]:
            if (state, outcome) not in walked:
                missing.append((state, outcome))
    assert missing == []


def pos(amount_fen=100):
    terminal = terminal_on(flash_of())
    if amount_fen:
        terminal.kind.ready(amount_fen)
    return terminal


def good():
    campus.tap(pos(), None)
    campus.tap(pos(None), Card())
    campus.tap(pos(), Card())
    campus.tap(terminal_on(flash_of(messages.GATE)), Card())


def bad():
    campus.tap(pos(), None, found=("many", 3))
    campus.tap(pos(), None, found=("one", bytes(4), 0x00))
    card = Card()
    card.key_b = bytes(6)
    campus.tap(pos(), card)
    card = Card()
    card.gone_at = 2
    campus.tap(pos(), card)
    campus.tap(pos(), Card(balance_fen=1))
    card = Card()
    card.deaf_to_writes = True
    campus.tap(pos(), card)


def torn():
    for written in (True, False):
        terminal, card = pos(), Card()
        card.gone_at, card.written = 4, written
        campus.tap(terminal, card)
        card.gone_at = None
        campus.tap(terminal, card)
    terminal, card = pos(), Card()
    card.gone_at = 4
    campus.tap(terminal, card)
    card.gone_at = None
    terminal.credential_of(card.select()).resolve = left  # as a CPU card that is asked for a proof
    campus.tap(terminal, card)


def left(_tap, _grey):
    yield from ()
    return states.GONE


def loaded():
    """The server has something for the card, or nothing after all; the card stays, or leaves."""
    campus.tap(waited_for(pos()), Card(), serve=granting)
    for written in (True, False):
        terminal, card = waited_for(pos(None)), Card()
        card.gone_at, card.written = 4, written
        campus.tap(terminal, card, serve=granting)
        card.gone_at = None
        _, effects = campus.tap(terminal, card, serve=granting)
        assert card.purse().balance_fen >= 5700
    card = Card()
    card.blocks[4] = bytes(16)
    campus.tap(waited_for(pos()), card)  # nobody says whose it is
    terminal = waited_for(pos())
    now = moment(terminal)
    terminal.journal = _Filling(terminal.journal)
    outcome, _ = campus.tap(terminal, Card(), now, serve=granting)
    assert outcome.reason == reasons.JOURNAL_FULL


def waited_for(terminal):
    """-> the terminal, which has heard that somebody may have something for any card."""
    moment(terminal)
    terminal.waiting = b"\xff"
    return terminal


def granting(body):
    """The server's answer: 7.00 yuan."""
    card = int.from_bytes(body[1:5], "big")
    return messages.encode(messages.GRANT, (card, 1, messages.LOAD, 700))


def full():
    """Where policy saw room and the record finds none; and where a grey's outcome finds none."""
    terminal = pos()
    now = moment(terminal)
    terminal.journal = _Filling(terminal.journal)
    outcome, effects = campus.tap(terminal, Card(), now)
    assert (outcome.accepted, outcome.reason) == (False, reasons.JOURNAL_FULL)
    assert effects == [("show", "unpaid", (reasons.JOURNAL_FULL, 100))]
    terminal, card = pos(), Card()
    card.gone_at = 4
    campus.tap(terminal, card)
    card.gone_at = None
    terminal.journal.confirm = lambda serial: False
    outcome, effects = campus.tap(terminal, card)
    assert (outcome.accepted, outcome.reason) == (False, reasons.JOURNAL_FULL)
    assert card.purse().balance_fen == 4900 and terminal.kind.awaited is not None
    terminal, card = pos(), Card()
    terminal.journal.confirm = lambda serial: False  # the debit is on the card: put it back
    outcome, effects = campus.tap(terminal, card)
    assert (outcome.accepted, outcome.torn, effects[0][1]) == (False, True, "put_back")
    assert card.purse().balance_fen == 4900 and terminal.kind.awaited == (7, 1)


class _Filling:
    """A journal that becomes full, or whose flash dies, after the policy has looked."""

    full = False

    def __init__(self, journal):
        self._journal = journal

    def __getattr__(self, name):
        return getattr(self._journal, name)

    def intent(self, entry):
        raise JournalFull
