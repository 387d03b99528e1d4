-- Holders: people with cards; the lists that offices send of them; who leaves, and what becomes of
-- the money (docs/people.md). Days are counted since 2000-01-01.
CREATE TABLE holder (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE, -- of the office that knows the person: 工号, 学号
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    department TEXT NOT NULL,
    valid_until INTEGER NOT NULL, -- last valid day
    made_utc_s INTEGER NOT NULL,
    ended_why TEXT,
    ended_utc_s INTEGER, -- from then on no card works
    closed_utc_s INTEGER, -- the balance is settled
    CONSTRAINT holder_kind CHECK (kind BETWEEN 1 AND 3)
);

CREATE INDEX holder_by_name ON holder (name);

ALTER TABLE card ADD COLUMN holder INTEGER REFERENCES holder (id);
ALTER TABLE card ADD COLUMN ended_utc_s INTEGER; -- it never works again, whatever is withdrawn
CREATE INDEX card_of_holder ON card (holder) WHERE holder IS NOT NULL;

CREATE TABLE extension ( -- who is responsible for a later last day (Art. 8)
    id INTEGER PRIMARY KEY,
    holder INTEGER NOT NULL REFERENCES holder (id),
    was_until INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    approved_by TEXT NOT NULL,
    paper TEXT NOT NULL,
    entered_by TEXT NOT NULL,
    entered_utc_s INTEGER NOT NULL
);

CREATE INDEX extension_of_holder ON extension (holder);

CREATE TABLE roster ( -- a list as an office sent it
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    digest BLOB NOT NULL, -- SHA-256 of the file: one file is applied once
    file TEXT NOT NULL,
    content TEXT NOT NULL, -- JSON: its rows, as read
    put_by TEXT NOT NULL,
    put_utc_s INTEGER NOT NULL,
    applied_by TEXT,
    applied_utc_s INTEGER,
    outcome TEXT, -- JSON: how many of which change
    CONSTRAINT roster_is_one UNIQUE (kind, digest)
);

CREATE TABLE refund ( -- a batch for the bank
    id INTEGER PRIMARY KEY,
    people INTEGER NOT NULL,
    amount_fen INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    made_utc_s INTEGER NOT NULL,
    granted_by TEXT, -- a second person; then the money left
    granted_utc_s INTEGER,
    refused INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE leaver (
    holder INTEGER PRIMARY KEY REFERENCES holder (id),
    roster INTEGER NOT NULL REFERENCES roster (id),
    choice TEXT NOT NULL,
    donate_fen INTEGER NOT NULL,
    bank TEXT NOT NULL, -- account that a refund goes to
    version INTEGER NOT NULL, -- of the blacklist that stopped the cards
    donated_fen INTEGER,
    refund_fen INTEGER,
    settled_utc_s INTEGER,
    batch INTEGER REFERENCES refund (id),
    CONSTRAINT leaver_choice CHECK (choice IN ('refund', 'donate', 'part')),
    CONSTRAINT leaver_is_settled_whole CHECK ((settled_utc_s IS NULL) = (refund_fen IS NULL))
);

CREATE INDEX leaver_waits ON leaver (holder) WHERE settled_utc_s IS NULL;
CREATE INDEX leaver_of_batch ON leaver (batch) WHERE batch IS NOT NULL;
