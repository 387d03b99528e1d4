-- Lists of cards (0 blacklist, 1 gate rights of terminal `scope`), losses, parameters; and when each
-- terminal confirmed what: the evidence of who bears a loss (R17).
CREATE TABLE list_version (
    list INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    version INTEGER NOT NULL,
    universe INTEGER NOT NULL,
    digest BLOB NOT NULL,
    made_utc_s INTEGER NOT NULL,
    PRIMARY KEY (list, scope, version)
) WITHOUT ROWID;

CREATE TABLE list_change (
    list INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    version INTEGER NOT NULL,
    card INTEGER NOT NULL,
    listed INTEGER NOT NULL,
    PRIMARY KEY (list, scope, version, card)
) WITHOUT ROWID;

CREATE TABLE list_member (
    list INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    card INTEGER NOT NULL,
    PRIMARY KEY (list, scope, card)
) WITHOUT ROWID;

CREATE TABLE list_confirmed (
    terminal INTEGER NOT NULL,
    list INTEGER NOT NULL,
    version INTEGER NOT NULL,
    digest BLOB NOT NULL,
    confirmed_utc_s INTEGER NOT NULL,
    PRIMARY KEY (terminal, list, version)
) WITHOUT ROWID;

CREATE TABLE loss (
    id INTEGER PRIMARY KEY,
    card INTEGER NOT NULL REFERENCES card (number),
    reported_by TEXT NOT NULL,
    reported_utc_s INTEGER NOT NULL,
    version INTEGER, -- of the blacklist that has it first; NULL: waits for a second person
    approved_by TEXT,
    withdrawn_by TEXT,
    withdrawn_utc_s INTEGER
);

CREATE INDEX loss_of_card ON loss (card);

CREATE TABLE parameter_set (
    version INTEGER PRIMARY KEY,
    terminal INTEGER, -- NULL: for all
    value TEXT NOT NULL -- JSON, windows in hexadecimal
);
