-- Subsidised meals of staff: one a card, local day (since 1970) and meal, by the record that had it.
CREATE TABLE meal (
    card INTEGER NOT NULL,
    day INTEGER NOT NULL,
    number INTEGER NOT NULL,
    terminal INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    PRIMARY KEY (card, day, number)
) WITHOUT ROWID;
