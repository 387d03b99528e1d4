-- Disputes about purchases (docs/payments.md), and meal subsidies by list and month.
CREATE TABLE dispute (
    id INTEGER PRIMARY KEY,
    terminal INTEGER NOT NULL, -- the purchase
    serial INTEGER NOT NULL,
    card INTEGER NOT NULL REFERENCES card (number),
    merchant TEXT NOT NULL, -- whose the terminal is; empty: nobody's
    paid_fen INTEGER NOT NULL, -- by the purse
    claimed_fen INTEGER NOT NULL,
    said TEXT NOT NULL, -- by the holder
    opened_by TEXT NOT NULL,
    opened_utc_s INTEGER NOT NULL,
    answer_until_utc_s INTEGER NOT NULL,
    answer TEXT, -- of the merchant
    answered_by TEXT,
    answered_utc_s INTEGER,
    state TEXT NOT NULL,
    granted_fen INTEGER, -- when it is upheld
    finding TEXT, -- why it is upheld or refused
    decided_by TEXT,
    decided_utc_s INTEGER,
    outcome TEXT NOT NULL DEFAULT '',
    refund_card INTEGER REFERENCES card (number), -- that the refund went to
    action INTEGER REFERENCES action (id), -- that loads it
    ended_utc_s INTEGER,
    taken_back_utc_s INTEGER, -- the terminal gave it back as well, later
    CONSTRAINT dispute_state_is_known CHECK (
        state IN ('opened', 'answered', 'upheld', 'refused', 'closed', 'withdrawn')
    ),
    CONSTRAINT dispute_outcome_is_known CHECK (outcome IN ('', 'paid', 'reversed', 'refused')),
    CONSTRAINT dispute_claims_what_was_paid CHECK (claimed_fen BETWEEN 1 AND paid_fen),
    CONSTRAINT dispute_grants_what_was_claimed CHECK (granted_fen BETWEEN 1 AND claimed_fen)
);

CREATE UNIQUE INDEX dispute_of_purchase ON dispute (terminal, serial) WHERE state <> 'withdrawn';
CREATE INDEX dispute_open ON dispute (answer_until_utc_s)
WHERE state IN ('opened', 'answered', 'upheld', 'refused');
CREATE INDEX dispute_of_card ON dispute (card);

CREATE TABLE subsidy ( -- meals of one staff member in one month, as personnel lists them
    id INTEGER PRIMARY KEY,
    roster INTEGER NOT NULL REFERENCES roster (id),
    holder INTEGER NOT NULL REFERENCES holder (id),
    month TEXT NOT NULL, -- YYYY-MM
    amount_fen INTEGER NOT NULL,
    granted_utc_s INTEGER, -- the money has moved
    CONSTRAINT subsidy_moves_money CHECK (amount_fen > 0),
    CONSTRAINT subsidy_once_a_month UNIQUE (holder, month)
);

CREATE INDEX subsidy_of_list ON subsidy (roster);
