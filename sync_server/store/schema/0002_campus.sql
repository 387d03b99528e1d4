-- Cards, terminals, and what terminals sent.
CREATE TABLE card (
    number INTEGER PRIMARY KEY,
    uid TEXT NOT NULL,
    holder_kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    valid_until INTEGER NOT NULL, -- last valid day, days since 2000-01-01
    zones INTEGER NOT NULL,
    list_stamp INTEGER NOT NULL, -- blacklist version at issue
    balance_fen INTEGER NOT NULL, -- on the card when it was issued
    issued_utc_s INTEGER NOT NULL,
    CONSTRAINT card_holder_kind CHECK (holder_kind BETWEEN 1 AND 3),
    CONSTRAINT card_number_fits CHECK (number BETWEEN 1 AND 16777215)
);

CREATE TABLE terminal (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    merchant TEXT,
    generation INTEGER NOT NULL DEFAULT 1, -- of its enrolment key
    epoch INTEGER NOT NULL DEFAULT 0, -- highest that opened a session
    enrolled_utc_s INTEGER NOT NULL,
    contact_utc_s INTEGER,
    report TEXT, -- JSON of the last REPORT
    CONSTRAINT terminal_kind CHECK (kind IN ('pos', 'gate', 'water')),
    CONSTRAINT terminal_number_fits CHECK (number BETWEEN 1 AND 65534)
);

CREATE TABLE record (
    id INTEGER PRIMARY KEY, -- order of arrival
    terminal INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    type INTEGER NOT NULL,
    outcome INTEGER NOT NULL, -- 15 done, 240 void, 255 grey
    reason INTEGER NOT NULL,
    fault INTEGER NOT NULL, -- what the server found wrong, 0 nothing
    flags INTEGER NOT NULL,
    utc_s INTEGER NOT NULL, -- the terminal's clock
    card INTEGER NOT NULL,
    amount_fen INTEGER NOT NULL,
    balance_fen INTEGER NOT NULL,
    content BLOB NOT NULL, -- bytes 0 to 59
    received_utc_s INTEGER NOT NULL,
    CONSTRAINT record_is_one UNIQUE (terminal, serial)
);

CREATE INDEX record_grey ON record (card) WHERE outcome = 255;

CREATE TABLE step ( -- who wrote a card's purse from counter to counter + 1
    card INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    terminal INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    PRIMARY KEY (card, counter)
) WITHOUT ROWID;

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    terminal INTEGER NOT NULL,
    raw BLOB NOT NULL,
    answer INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    received_utc_s INTEGER NOT NULL,
    CONSTRAINT quarantine_keeps_each_once UNIQUE (terminal, raw)
);

CREATE TABLE tally ( -- counts of records, kept with them: pages must not count millions
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
