"""The tap machine: what may come after what. Rules, theory, table.

Rules of this file
 1. Which stage comes next is decided here and nowhere else; a stage says what came of it.
 2. The table knows no kind of terminal and no kind of card: a gate is a tap with amount 0 and takes
    the arrow `nothing to write`.
 3. The only way to COMMIT, where money leaves the card, is from INTENT: the record is in the
    journal first (I4). ACT, where the server puts some on it, writes its own record first.
 4. SHOW says "accepted" only when it was reached from CONFIRM (I4).
 5. A card that was identified and refused comes by REFUSE: the refusal is a record too.
 6. An outcome without a cell is one error, NoSuchStep: a hole in this table, never a default.

Theory
 A tap is a transaction with a party that may vanish between any two messages. Before INTENT
 nothing has happened, so a card that goes costs nothing. From the first byte of the write until
 it was read back, what the card holds is one of two states and the terminal does not know which:
 the record is grey, the tap ends torn. The card itself knows: its purse names the record that
 wrote it. So when it comes back here (AUTHENTICATE finds a grey record of this card), TORN asks
 it. Written: the old record is confirmed and shown, nothing is taken again. Not written: the
 record is void and the tap goes on as if new. Anywhere else the server will learn it from the
 card's next record. After h11's _state.py in shape; the eight stages are design.md's, REFUSE
 and ACT (docs/actions.md) added.
"""

IDENTIFY = "IDENTIFY"
AUTHENTICATE = "AUTHENTICATE"
TORN = "TORN"
ACT = "ACT"
DECIDE = "DECIDE"
INTENT = "INTENT"
COMMIT = "COMMIT"
CONFIRM = "CONFIRM"
REFUSE = "REFUSE"
SHOW = "SHOW"
END = "END"

STATES = (
    IDENTIFY, AUTHENTICATE, TORN, ACT, DECIDE, INTENT, COMMIT, CONFIRM, REFUSE, SHOW, END,
)  # fmt: skip

# what a stage can come to
OK = "ok"
NOBODY = "nobody"  # no card in the field
MANY = "many"  # more than one
REFUSED = "refused"
GONE = "gone"  # the card left: before the write nothing happened, in the write the record is grey
GREY = "grey"  # this card has a grey record here
WAITING = "waiting"  # something may be waiting for this card at the server
WRITTEN = "written"  # the awaited debit is on the card
LOOK = "look"  # nothing to pay: the balance is shown
NOTHING_TO_WRITE = "nothing to write"
FULL = "full"
NOT_WRITTEN = "not written"  # the card is there and as it was: void

OUTCOMES = (
    OK, NOBODY, MANY, REFUSED, GONE, GREY, WAITING, WRITTEN, LOOK, NOTHING_TO_WRITE, FULL,
    NOT_WRITTEN,
)  # fmt: skip

# stage -> outcome -> next stage
TABLE = {
    IDENTIFY: {OK: AUTHENTICATE, NOBODY: END, MANY: SHOW, REFUSED: REFUSE},
    AUTHENTICATE: {OK: DECIDE, GREY: TORN, WAITING: ACT, REFUSED: REFUSE, GONE: SHOW},
    TORN: {OK: DECIDE, WAITING: ACT, WRITTEN: CONFIRM, GONE: SHOW},
    ACT: {OK: DECIDE, REFUSED: REFUSE, GONE: SHOW, FULL: SHOW},
    DECIDE: {OK: INTENT, LOOK: SHOW, REFUSED: REFUSE},
    INTENT: {OK: COMMIT, NOTHING_TO_WRITE: CONFIRM, FULL: SHOW},
    COMMIT: {OK: CONFIRM, GONE: SHOW, NOT_WRITTEN: SHOW},
    CONFIRM: {OK: SHOW, FULL: SHOW},
    REFUSE: {OK: SHOW},
    SHOW: {OK: END},
}


class NoSuchStep(Exception):
    """The table has no cell for what a stage came to."""


def step(state, outcome):
    """-> the stage after `state` came to `outcome`. NoSuchStep if the table has no cell."""
    after = TABLE.get(state, {}).get(outcome)
    if after is None:
        raise NoSuchStep(f"nothing follows {state} when it came to: {outcome}")
    return after
