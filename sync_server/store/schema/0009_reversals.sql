-- Purchases that were taken back, each once: by record `by_serial` of the same terminal.
CREATE TABLE reversal (
    terminal INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    by_serial INTEGER NOT NULL,
    PRIMARY KEY (terminal, serial)
) WITHOUT ROWID;
