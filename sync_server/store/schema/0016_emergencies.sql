-- Emergencies and drills that the centre has ordered (docs/emergency.md), and which terminal answered.
CREATE TABLE emergency (
    number INTEGER PRIMARY KEY,
    what INTEGER NOT NULL, -- 0 the end of the one before, 1 emergency, 2 drill
    kinds INTEGER NOT NULL, -- bit k: terminals of kind k
    begin_utc_s INTEGER NOT NULL,
    end_utc_s INTEGER NOT NULL,
    tap_fen INTEGER NOT NULL,
    card_fen INTEGER NOT NULL,
    reason TEXT NOT NULL,
    ordered_by TEXT NOT NULL,
    ordered_utc_s INTEGER NOT NULL,
    signed BLOB NOT NULL,
    transfers INTEGER NOT NULL, -- the last one that was booked before
    CONSTRAINT emergency_what CHECK (what BETWEEN 0 AND 2),
    CONSTRAINT emergency_ends CHECK (end_utc_s > begin_utc_s)
);

CREATE TRIGGER emergency_is_never_changed BEFORE UPDATE ON emergency
BEGIN SELECT raise(ABORT, 'an order is never changed, only followed by another'); END;

CREATE TRIGGER emergency_is_never_deleted BEFORE DELETE ON emergency
BEGIN SELECT raise(ABORT, 'an order is never deleted'); END;

CREATE TABLE emergency_answer ( -- the first of each terminal to each order
    number INTEGER NOT NULL REFERENCES emergency (number),
    terminal INTEGER NOT NULL,
    status INTEGER NOT NULL, -- of `protocol.messages`
    answered_utc_s INTEGER NOT NULL,
    PRIMARY KEY (number, terminal, status)
) WITHOUT ROWID;
