-- Merchants: what they applied for, what each office said to it (docs/finance.md).
CREATE TABLE merchant (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE, -- as terminals and accounts name it
    state TEXT NOT NULL,
    turn INTEGER NOT NULL, -- the how manyth application
    contract TEXT NOT NULL,
    place TEXT NOT NULL,
    fee_per_mille INTEGER NOT NULL,
    bank TEXT NOT NULL, -- account that it is paid to
    valid_until INTEGER NOT NULL, -- last day, since 2000-01-01
    CONSTRAINT merchant_state CHECK (state IN ('applied', 'granted_1', 'granted_2', 'admitted', 'suspended', 'refused', 'ended')),
    CONSTRAINT merchant_fee CHECK (fee_per_mille BETWEEN 0 AND 1000)
);

CREATE TABLE merchant_act (
    id INTEGER PRIMARY KEY,
    merchant INTEGER NOT NULL REFERENCES merchant (id),
    turn INTEGER NOT NULL,
    event TEXT NOT NULL,
    office TEXT NOT NULL,
    done_by TEXT NOT NULL,
    note TEXT NOT NULL,
    utc_s INTEGER NOT NULL
);

CREATE INDEX merchant_act_of ON merchant_act (merchant, id);
CREATE UNIQUE INDEX merchant_act_office ON merchant_act (merchant, turn, office) WHERE event = 'grant';
CREATE UNIQUE INDEX merchant_act_person ON merchant_act (merchant, turn, done_by) WHERE event = 'grant';

CREATE TRIGGER merchant_act_is_never_changed BEFORE UPDATE ON merchant_act
BEGIN SELECT raise(ABORT, 'what an office said is never changed'); END;

CREATE TRIGGER merchant_act_is_never_deleted BEFORE DELETE ON merchant_act
BEGIN SELECT raise(ABORT, 'what an office said is never deleted'); END;

CREATE TABLE admission ( -- from then on only admitted merchants take money
    one INTEGER PRIMARY KEY CHECK (one = 1),
    since_utc_s INTEGER NOT NULL,
    declared_by TEXT NOT NULL
);
