-- PINs of holders, asked for above a limit (docs/pin.md). Never the PIN itself: argon2id with a salt.
CREATE TABLE pin (
    holder INTEGER PRIMARY KEY REFERENCES holder (id),
    hash TEXT, -- NULL: none was set yet
    wrong INTEGER NOT NULL DEFAULT 0, -- tries since the last right one
    set_utc_s INTEGER,
    set_by TEXT,
    unlocked_utc_s INTEGER, -- by the holder's phone
    ticket BLOB UNIQUE, -- SHA-256 of a link that sets it once
    ticket_until_utc_s INTEGER
);

CREATE TABLE pin_try (
    id INTEGER PRIMARY KEY,
    holder INTEGER NOT NULL REFERENCES holder (id),
    card INTEGER NOT NULL,
    terminal INTEGER NOT NULL, -- 0: the holder's own page
    serial INTEGER NOT NULL, -- of the record that came next there
    amount_fen INTEGER NOT NULL,
    utc_s INTEGER NOT NULL,
    verdict INTEGER -- a reason; NULL: the server stopped before it was looked at
);

CREATE INDEX pin_try_at ON pin_try (terminal, utc_s);
CREATE INDEX pin_try_of ON pin_try (holder, id);
