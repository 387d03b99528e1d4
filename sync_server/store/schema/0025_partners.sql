-- Other systems (library, attendance, sports hall): who applied, what the centre granted, their
-- keys, what they used (docs/partners.md). Lists of words are separated by spaces.
CREATE TABLE partner (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    contact TEXT NOT NULL, -- who answers for it
    wants TEXT NOT NULL, -- scopes that were asked for
    asked_by TEXT NOT NULL,
    asked_utc_s INTEGER NOT NULL,
    decided_by TEXT, -- a second person
    decided_utc_s INTEGER,
    refused INTEGER NOT NULL DEFAULT 0,
    scopes TEXT NOT NULL DEFAULT '', -- granted
    kinds TEXT NOT NULL DEFAULT '', -- of holders that it may list
    gates TEXT NOT NULL DEFAULT '', -- terminals whose passes it may see
    zones TEXT NOT NULL DEFAULT '', -- and all gates of these zones
    addresses TEXT NOT NULL DEFAULT '', -- networks it may ask from; none: any
    a_minute INTEGER NOT NULL DEFAULT 0, -- requests
    until_utc_s INTEGER,
    stopped_by TEXT,
    stopped_utc_s INTEGER, -- for good
    CONSTRAINT partner_granted_by_another CHECK (refused = 1 OR decided_by <> asked_by),
    CONSTRAINT partner_has_an_end CHECK (decided_by IS NULL OR refused = 1 OR until_utc_s > 0)
);

CREATE TABLE partner_key ( -- shown once; only its hash is here
    id INTEGER PRIMARY KEY,
    partner INTEGER NOT NULL REFERENCES partner (id),
    hash BLOB NOT NULL, -- SHA-256 of the secret part
    made_by TEXT NOT NULL,
    made_utc_s INTEGER NOT NULL,
    until_utc_s INTEGER, -- a newer one was made: good until then
    CONSTRAINT partner_key_hash CHECK (length(hash) = 32)
);

CREATE INDEX partner_key_of ON partner_key (partner, id);

CREATE TABLE partner_use (
    partner INTEGER NOT NULL REFERENCES partner (id),
    day INTEGER NOT NULL, -- since 1970, UTC
    what TEXT NOT NULL, -- the route, or 'refused'
    count INTEGER NOT NULL,
    PRIMARY KEY (partner, day, what)
);

CREATE TABLE code_use ( -- codes that partners scanned: the highest counter of each phone
    card INTEGER PRIMARY KEY REFERENCES card (number),
    counter INTEGER NOT NULL,
    partner INTEGER NOT NULL REFERENCES partner (id),
    used_utc_s INTEGER NOT NULL
);

CREATE INDEX card_by_uid ON card (uid, number);
