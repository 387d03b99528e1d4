-- Versions of the card keys: which one a card has, which one a terminal has confirmed.

ALTER TABLE card ADD COLUMN key_version INTEGER NOT NULL DEFAULT 1;

ALTER TABLE terminal ADD COLUMN key_version INTEGER NOT NULL DEFAULT 0;
