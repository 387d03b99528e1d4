-- What the desk makes of chips (docs/desk.md). A chip is one living card at most: open while it is being
-- written, issued once it was read back right; void and returned are ends.
CREATE TABLE issue (
    card INTEGER PRIMARY KEY REFERENCES card (number),
    uid TEXT NOT NULL,
    credential INTEGER NOT NULL, -- as records have it: 1 MIFARE, 2 CPU
    state TEXT NOT NULL DEFAULT 'open',
    counter INTEGER NOT NULL, -- that its purse began with, on MIFARE
    fee_fen INTEGER NOT NULL,
    replaces INTEGER REFERENCES card (number),
    made_by TEXT NOT NULL,
    made_utc_s INTEGER NOT NULL,
    issued_utc_s INTEGER,
    CONSTRAINT issue_state_is_known CHECK (state IN ('open', 'issued', 'void', 'returned')),
    CONSTRAINT issue_credential CHECK (credential IN (1, 2))
);

CREATE UNIQUE INDEX issue_of_chip ON issue (uid) WHERE state IN ('open', 'issued');

CREATE TABLE closed ( -- cards that are dead for good, and where their money went
    card INTEGER PRIMARY KEY REFERENCES card (number),
    why TEXT NOT NULL,
    by TEXT NOT NULL,
    utc_s INTEGER NOT NULL,
    counter INTEGER, -- of its purse, as the desk saw it last
    heir INTEGER REFERENCES card (number), -- the card that its balance moves to
    paid_fen INTEGER NOT NULL DEFAULT 0, -- out, at the desk
    settled_utc_s INTEGER, -- NULL: it waits for records that are still on terminals
    CONSTRAINT closed_why CHECK (why IN ('void', 'returned', 'replaced'))
) WITHOUT ROWID;

CREATE INDEX closed_unsettled ON closed (card) WHERE settled_utc_s IS NULL;
