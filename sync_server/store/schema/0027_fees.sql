-- Fees that an office orders for a list of holders, and how they were paid (docs/fees.md). Days are
-- counted since 2000-01-01.
CREATE TABLE fee (
    id INTEGER PRIMARY KEY,
    roster INTEGER NOT NULL REFERENCES roster (id),
    office TEXT NOT NULL,
    holder INTEGER NOT NULL REFERENCES holder (id),
    item TEXT NOT NULL,
    amount_fen INTEGER NOT NULL,
    due INTEGER NOT NULL, -- last day to pay
    state TEXT NOT NULL,
    why TEXT NOT NULL DEFAULT '', -- it was withdrawn
    ended_utc_s INTEGER, -- withdrawn or refunded
    CONSTRAINT fee_state_is_known CHECK (
        state IN ('listed', 'due', 'paid', 'refunded', 'withdrawn')
    ),
    CONSTRAINT fee_moves_money CHECK (amount_fen > 0),
    CONSTRAINT fee_office CHECK (office IN ('teaching', 'students'))
);

CREATE UNIQUE INDEX fee_once ON fee (holder, office, item)
WHERE state IN ('listed', 'due', 'paid');
CREATE INDEX fee_of_holder ON fee (holder);
CREATE INDEX fee_of_roster ON fee (roster, office, item, state, due, amount_fen);

ALTER TABLE topup ADD COLUMN fee INTEGER REFERENCES fee (id); -- what this payment is for
CREATE INDEX topup_of_fee ON topup (fee) WHERE fee IS NOT NULL;

CREATE TABLE fee_payment (
    id INTEGER PRIMARY KEY,
    fee INTEGER NOT NULL REFERENCES fee (id),
    how TEXT NOT NULL,
    amount_fen INTEGER NOT NULL,
    topup INTEGER UNIQUE REFERENCES topup (id), -- through a channel
    card INTEGER REFERENCES card (number), -- from its purse
    receipt TEXT UNIQUE, -- in cash
    clerk TEXT, -- who took it
    day INTEGER NOT NULL,
    utc_s INTEGER NOT NULL,
    back_by TEXT, -- who granted that it goes back
    back_utc_s INTEGER,
    back_day INTEGER,
    CONSTRAINT fee_payment_how CHECK (
        (how = 'channel' AND topup IS NOT NULL AND card IS NULL AND receipt IS NULL)
        OR (how = 'purse' AND topup IS NULL AND card IS NOT NULL AND receipt IS NULL)
        OR (how = 'cash' AND topup IS NULL AND card IS NULL AND receipt IS NOT NULL)
    ),
    CONSTRAINT fee_payment_has_a_clerk CHECK ((how = 'cash') = (clerk IS NOT NULL)),
    CONSTRAINT fee_payment_moves_money CHECK (amount_fen > 0),
    CONSTRAINT fee_payment_goes_back_whole CHECK ((back_by IS NULL) = (back_utc_s IS NULL))
);

CREATE UNIQUE INDEX fee_is_paid_once ON fee_payment (fee) WHERE back_utc_s IS NULL;
CREATE INDEX fee_cash_of_day ON fee_payment (day, clerk) WHERE how = 'cash';
CREATE INDEX fee_cash_back_of_day ON fee_payment (back_day) WHERE how = 'cash' AND back_day IS NOT NULL;
