-- Records that are lost for ever, what of them was rebuilt, and the signs of a database restored from
-- a backup. A step now has the card's balances before and after it, as far as they were told.
ALTER TABLE step ADD COLUMN before_fen INTEGER;
ALTER TABLE step ADD COLUMN after_fen INTEGER;

UPDATE step SET (before_fen, after_fen) = (
    SELECT r.balance_fen + r.amount_fen, r.balance_fen FROM record r
    WHERE r.terminal = step.terminal AND r.serial = step.serial AND r.outcome = 15
);

CREATE INDEX step_of_writer ON step (terminal, serial);

CREATE TABLE lost ( -- numbers of a terminal that no journal has any more
    terminal INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    used_to INTEGER NOT NULL, -- the highest of them that was certainly used, as far as was known then
    declared_utc_s INTEGER NOT NULL,
    PRIMARY KEY (terminal, first)
) WITHOUT ROWID;

CREATE TABLE rebuilt ( -- spans of core.rebuild
    card INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    exact INTEGER NOT NULL,
    fen INTEGER NOT NULL,
    terminal INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    told INTEGER NOT NULL,
    told_fen INTEGER NOT NULL,
    rebuilt_utc_s INTEGER NOT NULL,
    PRIMARY KEY (card, first, exact)
) WITHOUT ROWID;

CREATE TABLE restored ( -- a terminal knew more than the database did
    id INTEGER PRIMARY KEY,
    terminal INTEGER NOT NULL,
    what TEXT NOT NULL,
    had INTEGER NOT NULL,
    told INTEGER NOT NULL,
    noticed_utc_s INTEGER NOT NULL,
    CONSTRAINT restored_what CHECK (what IN ('records', 'blacklist', 'grants', 'parameters')),
    CONSTRAINT restored_is_noticed_once UNIQUE (terminal, what, had, told)
);
