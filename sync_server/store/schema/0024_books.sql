-- Closed days and what moved on them, settlements of merchants, statements of the bank (docs/finance.md).
-- Days are counted since 2000-01-01 on the campus clock, months since January 2000.
CREATE TABLE day_close (
    day INTEGER PRIMARY KEY,
    after_transfer INTEGER NOT NULL, -- the last one of the day before
    last_transfer INTEGER NOT NULL,
    open TEXT NOT NULL, -- JSON: greys, missing, silent; marks: up to which serial each terminal was looked at
    closed_by TEXT NOT NULL,
    closed_utc_s INTEGER NOT NULL,
    link BLOB NOT NULL
);

CREATE TABLE day_line (
    day INTEGER NOT NULL REFERENCES day_close (day),
    terminal INTEGER NOT NULL, -- 0: the desk
    giver_type TEXT NOT NULL,
    giver_key TEXT NOT NULL, -- empty for accounts of cards
    taker_type TEXT NOT NULL,
    taker_key TEXT NOT NULL,
    of_day INTEGER NOT NULL, -- of the records it comes from
    count INTEGER NOT NULL,
    amount_fen INTEGER NOT NULL,
    PRIMARY KEY (day, terminal, giver_type, giver_key, taker_type, taker_key, of_day)
);

CREATE INDEX day_line_of_day ON day_line (of_day) WHERE of_day <> day;

CREATE TRIGGER day_close_is_never_changed BEFORE UPDATE ON day_close
BEGIN SELECT raise(ABORT, 'a closed day is never changed'); END;

CREATE TRIGGER day_close_is_never_deleted BEFORE DELETE ON day_close
BEGIN SELECT raise(ABORT, 'a closed day is never deleted'); END;

CREATE TRIGGER day_line_is_never_changed BEFORE UPDATE ON day_line
BEGIN SELECT raise(ABORT, 'a closed day is never changed'); END;

CREATE TRIGGER day_line_is_never_deleted BEFORE DELETE ON day_line
BEGIN SELECT raise(ABORT, 'a closed day is never deleted'); END;

CREATE TABLE settlement_batch ( -- one file for the bank
    id INTEGER PRIMARY KEY,
    until_day INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    made_utc_s INTEGER NOT NULL,
    granted_by TEXT,
    granted_utc_s INTEGER,
    refused INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE settlement (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL REFERENCES settlement_batch (id),
    place INTEGER NOT NULL, -- in the batch, from 1
    merchant INTEGER NOT NULL REFERENCES merchant (id),
    after_day INTEGER NOT NULL,
    until_day INTEGER NOT NULL,
    gross_fen INTEGER NOT NULL,
    reversed_fen INTEGER NOT NULL,
    fee_per_mille INTEGER NOT NULL,
    fee_fen INTEGER NOT NULL,
    net_fen INTEGER NOT NULL,
    bank TEXT NOT NULL,
    open TEXT NOT NULL, -- JSON: what was let through
    reason TEXT NOT NULL,
    let_by TEXT NOT NULL,
    refused INTEGER NOT NULL DEFAULT 0,
    transfer INTEGER, -- that paid it
    CONSTRAINT settlement_adds_up CHECK (net_fen = gross_fen - reversed_fen - fee_fen)
);

CREATE UNIQUE INDEX settlement_once ON settlement (merchant, after_day) WHERE refused = 0;

CREATE TABLE settlement_let ( -- finance pays though something is open, and says why
    id INTEGER PRIMARY KEY,
    merchant INTEGER NOT NULL REFERENCES merchant (id),
    open TEXT NOT NULL, -- JSON: all that was open then
    reason TEXT NOT NULL,
    let_by TEXT NOT NULL,
    let_utc_s INTEGER NOT NULL
);

CREATE TABLE statement (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE, -- SHA-256 of the file: the same one is there once
    file TEXT NOT NULL,
    row_count INTEGER NOT NULL,
    doubles INTEGER NOT NULL, -- rows that stood in a file before
    faults TEXT NOT NULL, -- JSON: rows that were refused
    put_by TEXT NOT NULL,
    put_utc_s INTEGER NOT NULL
);

CREATE TABLE statement_line (
    id INTEGER PRIMARY KEY,
    statement INTEGER NOT NULL REFERENCES statement (id),
    row_number INTEGER NOT NULL,
    day INTEGER NOT NULL,
    amount_fen INTEGER NOT NULL, -- above zero: came in
    reference TEXT NOT NULL,
    number TEXT NOT NULL, -- the bank's own
    text TEXT NOT NULL
);

CREATE INDEX statement_line_day ON statement_line (day);

CREATE TABLE resolution ( -- what finance says of one that found no partner
    side TEXT NOT NULL,
    item INTEGER NOT NULL, -- transfer, or line
    month INTEGER NOT NULL,
    kind TEXT NOT NULL,
    note TEXT NOT NULL,
    said_by TEXT NOT NULL,
    said_utc_s INTEGER NOT NULL,
    PRIMARY KEY (side, item, month),
    CONSTRAINT resolution_side CHECK (side IN ('ours', 'bank')),
    CONSTRAINT resolution_kind CHECK (kind IN ('explained', 'next'))
);

CREATE TABLE month_close ( -- reconciled
    month INTEGER PRIMARY KEY,
    figures TEXT NOT NULL, -- JSON
    closed_by TEXT NOT NULL,
    closed_utc_s INTEGER NOT NULL
);
