-- Webhooks of partners: where to, what each was told of, and one row a delivery (docs/partners.md).
CREATE TABLE hook (
    partner INTEGER PRIMARY KEY REFERENCES partner (id),
    url TEXT NOT NULL,
    secret BLOB NOT NULL, -- hidden by the keyring
    events TEXT NOT NULL, -- kinds, separated by spaces
    set_by TEXT NOT NULL,
    set_utc_s INTEGER NOT NULL,
    list_version INTEGER NOT NULL, -- of the blacklist, up to which it was told
    record INTEGER NOT NULL -- id, up to which it was told
);

CREATE TABLE hook_holder ( -- holders as this partner was told of them
    partner INTEGER NOT NULL REFERENCES partner (id),
    holder INTEGER NOT NULL REFERENCES holder (id),
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    department TEXT NOT NULL,
    valid_until INTEGER NOT NULL,
    ended_utc_s INTEGER,
    PRIMARY KEY (partner, holder)
);

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    partner INTEGER NOT NULL REFERENCES partner (id),
    subject TEXT NOT NULL, -- deliveries of one subject keep their order
    event TEXT NOT NULL,
    body TEXT NOT NULL, -- JSON, as it is sent
    made_utc_s INTEGER NOT NULL,
    since_utc_s INTEGER NOT NULL, -- tried since then
    due_utc_s INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    problem TEXT NOT NULL DEFAULT '', -- of the last try
    state TEXT NOT NULL DEFAULT 'waits',
    ended_utc_s INTEGER,
    CONSTRAINT delivery_state CHECK (state IN ('waits', 'done', 'dead'))
);

CREATE INDEX delivery_waits ON delivery (partner, subject, id) WHERE state = 'waits';
CREATE INDEX delivery_of_partner ON delivery (partner, state, id);
