-- People who work here, what waits for a second one of them, and the log of all acts
-- (docs/offices.md).
CREATE TABLE officer (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE, -- for signing in, lower case
    shown TEXT NOT NULL,
    role TEXT NOT NULL,
    merchant TEXT, -- whose terminals a merchant's officer sees
    password TEXT NOT NULL, -- argon2id
    must_change INTEGER NOT NULL, -- the password was given by somebody else
    generation INTEGER NOT NULL DEFAULT 1, -- sessions of an older one have ended
    made_by TEXT NOT NULL,
    made_utc_s INTEGER NOT NULL,
    closed_utc_s INTEGER
);

CREATE TABLE request ( -- a deed that waits for a second person
    id INTEGER PRIMARY KEY,
    deed TEXT NOT NULL,
    subject INTEGER NOT NULL, -- what it is about: the row of another table
    told TEXT NOT NULL, -- JSON: what a person needs to judge it
    asked_by TEXT NOT NULL,
    asked_utc_s INTEGER NOT NULL,
    granted INTEGER, -- 1, 0; NULL: it waits
    decided_by TEXT,
    decided_utc_s INTEGER,
    CONSTRAINT request_is_decided_whole CHECK ((granted IS NULL) = (decided_by IS NULL)),
    CONSTRAINT request_is_granted_by_another CHECK (coalesce(granted, 0) <> 1 OR decided_by <> asked_by)
);

CREATE UNIQUE INDEX request_waits_once ON request (deed, subject) WHERE granted IS NULL;

CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    utc_s INTEGER NOT NULL,
    who TEXT NOT NULL,
    role TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL, -- JSON
    link BLOB NOT NULL
);

CREATE INDEX audit_by_who ON audit (who, number);

CREATE TABLE audit_head ( -- how many rows there are, sealed
    one INTEGER PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL,
    seal BLOB NOT NULL
);

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the log is never changed'); END;

CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the log is never deleted'); END;
