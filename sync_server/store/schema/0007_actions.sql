-- What waits for cards (docs/actions.md). terminal, serial, counter: the record that it is granted to
-- and the step of the card that this may make; NULL: nobody has it. state done: that record did it. Of a
-- CPU card the count (`counter`) at which a load was signed stays when the record came to nothing.
CREATE TABLE action (
    id INTEGER PRIMARY KEY,
    card INTEGER NOT NULL REFERENCES card (number),
    op INTEGER NOT NULL,
    amount_fen INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',
    ordered_by TEXT NOT NULL,
    ordered_utc_s INTEGER NOT NULL,
    terminal INTEGER,
    serial INTEGER,
    counter INTEGER,
    before_fen INTEGER,
    credential INTEGER,
    ended_utc_s INTEGER,
    CONSTRAINT action_state_is_known CHECK (state IN ('open', 'done', 'withdrawn')),
    CONSTRAINT action_is_granted_whole CHECK (
        (terminal IS NULL) = (serial IS NULL)
    )
);

CREATE INDEX action_of_card ON action (card) WHERE state = 'open';
CREATE UNIQUE INDEX action_of_record ON action (terminal, serial) WHERE terminal IS NOT NULL;
