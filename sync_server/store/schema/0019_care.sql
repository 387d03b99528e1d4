-- Who answers for a terminal, what is noted about it, and alarms that were given other limits than
-- their defaults (core.alarms).
ALTER TABLE terminal ADD COLUMN responsible TEXT NOT NULL DEFAULT '';

CREATE TABLE care (
    id INTEGER PRIMARY KEY,
    terminal INTEGER NOT NULL REFERENCES terminal (number),
    kind TEXT NOT NULL,
    note TEXT NOT NULL,
    noted_by TEXT NOT NULL,
    noted_utc_s INTEGER NOT NULL,
    ended_by TEXT, -- of damage: who saw to it
    ended_utc_s INTEGER,
    CONSTRAINT care_kind CHECK (kind IN ('damage', 'inspection'))
);

CREATE INDEX care_of_terminal ON care (terminal, id);
CREATE INDEX care_open ON care (terminal) WHERE kind = 'damage' AND ended_utc_s IS NULL;

CREATE TABLE alarm_rule (
    name TEXT PRIMARY KEY,
    limit_value INTEGER NOT NULL,
    is_on INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed_utc_s INTEGER NOT NULL
) WITHOUT ROWID;
