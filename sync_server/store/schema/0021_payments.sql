-- Money that comes in through a payment channel or over the desk (docs/payments.md).
CREATE TABLE topup ( -- one payment of a channel: ordered here, or told by it without an order
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    number TEXT NOT NULL, -- of the order, as the channel has it
    wish TEXT UNIQUE, -- one order for each wish: asked again, it is the same; NULL: not ordered here
    card INTEGER REFERENCES card (number), -- NULL: not ordered here
    amount_fen INTEGER NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL, -- it is kept; empty: it is not
    made_by TEXT NOT NULL,
    made_utc_s INTEGER NOT NULL,
    expires_utc_s INTEGER NOT NULL,
    paid_as TEXT, -- the channel's own name of the payment
    paid_utc_s INTEGER, -- by the channel's clock
    told_utc_s INTEGER, -- when it told us
    ended_utc_s INTEGER, -- booked or refunded
    action INTEGER REFERENCES action (id), -- that loads it on the card
    CONSTRAINT topup_state_is_known CHECK (
        state IN ('ordered', 'expired', 'paid', 'booked', 'returning', 'refunded')
    ),
    CONSTRAINT topup_moves_money CHECK (amount_fen > 0),
    CONSTRAINT topup_is_paid_whole CHECK (
        (state IN ('ordered', 'expired')) = (paid_as IS NULL)
    )
);

CREATE UNIQUE INDEX topup_ordered ON topup (channel, number) WHERE wish IS NOT NULL;
CREATE UNIQUE INDEX topup_counts_once ON topup (channel, paid_as) WHERE paid_as IS NOT NULL;
CREATE INDEX topup_of_card ON topup (card, id) WHERE card IS NOT NULL;
CREATE INDEX topup_open ON topup (id) WHERE state IN ('ordered', 'paid', 'returning');

CREATE TABLE channel_note ( -- authentic words that contradict what the channel said before
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    said TEXT NOT NULL, -- JSON
    utc_s INTEGER NOT NULL,
    CONSTRAINT channel_note_once UNIQUE (channel, said)
);

CREATE TABLE cash ( -- taken over the desk
    id INTEGER PRIMARY KEY,
    receipt TEXT NOT NULL UNIQUE,
    card INTEGER NOT NULL REFERENCES card (number),
    amount_fen INTEGER NOT NULL,
    clerk TEXT NOT NULL,
    day INTEGER NOT NULL, -- local, since 2000-01-01
    utc_s INTEGER NOT NULL,
    action INTEGER REFERENCES action (id),
    reversed_by TEXT, -- who granted it
    reversed_utc_s INTEGER,
    reversed_day INTEGER,
    CONSTRAINT cash_moves_money CHECK (amount_fen > 0),
    CONSTRAINT cash_is_reversed_whole CHECK ((reversed_by IS NULL) = (reversed_utc_s IS NULL))
);

CREATE INDEX cash_of_day ON cash (day, clerk);
CREATE INDEX cash_of_card ON cash (card);
