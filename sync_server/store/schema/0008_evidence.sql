-- What the verdicts of core.evidence need beside records, losses and confirmations (R17).
CREATE TABLE leave ( -- a terminal may be offline
    id INTEGER PRIMARY KEY,
    terminal INTEGER NOT NULL REFERENCES terminal (number),
    begin_utc_s INTEGER NOT NULL, -- not before it was granted
    end_utc_s INTEGER NOT NULL, -- brought forward when it is ended early
    reason TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    granted_utc_s INTEGER NOT NULL,
    ended_by TEXT,
    CONSTRAINT leave_is_not_given_afterwards CHECK (begin_utc_s >= granted_utc_s),
    CONSTRAINT leave_ends_after_it_begins CHECK (end_utc_s >= begin_utc_s)
);

CREATE INDEX leave_of_terminal ON leave (terminal);

CREATE TABLE service ( -- when the server was there; between two rows it was away
    started_utc_s INTEGER PRIMARY KEY,
    seen_utc_s INTEGER NOT NULL
);

CREATE TABLE list_sent ( -- when a terminal was first given this version of the blacklist
    terminal INTEGER NOT NULL,
    version INTEGER NOT NULL,
    sent_utc_s INTEGER NOT NULL,
    PRIMARY KEY (terminal, version)
) WITHOUT ROWID;
