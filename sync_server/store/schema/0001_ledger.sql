-- Money: accounts and transfers between them. A transfer is two postings (view `posting`): one amount
-- leaves one account and enters another. Amounts are fen, times UTC seconds.
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    key TEXT NOT NULL,
    balance_fen INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT account_type_is_known CHECK (
        type IN ('purse', 'merchant', 'bank', 'suspense', 'fee', 'subsidy', 'foundation', 'account')
    ),
    CONSTRAINT account_is_one UNIQUE (type, key)
);

CREATE TABLE transfer (
    id INTEGER PRIMARY KEY,
    giver INTEGER NOT NULL REFERENCES account (id),
    taker INTEGER NOT NULL REFERENCES account (id),
    amount_fen INTEGER NOT NULL,
    terminal INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    booked_utc_s INTEGER NOT NULL,
    CONSTRAINT transfer_moves_money CHECK (amount_fen > 0),
    CONSTRAINT transfer_has_two_sides CHECK (giver <> taker)
);

CREATE TRIGGER transfer_is_never_changed BEFORE UPDATE ON transfer
BEGIN SELECT raise(ABORT, 'a transfer is never changed, only reversed by another'); END;

CREATE TRIGGER transfer_is_never_deleted BEFORE DELETE ON transfer
BEGIN SELECT raise(ABORT, 'a transfer is never deleted'); END;

CREATE VIEW posting AS
SELECT id AS transfer, giver AS account, -amount_fen AS amount_fen, terminal, serial, booked_utc_s
FROM transfer
UNION ALL
SELECT id, taker, amount_fen, terminal, serial, booked_utc_s FROM transfer;
