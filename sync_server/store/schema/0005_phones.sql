-- Phones: invited by a ticket that is good once, then known by the public key that they made.
CREATE TABLE phone (
    card INTEGER PRIMARY KEY REFERENCES card (number),
    ticket BLOB UNIQUE, -- SHA-256 of the invitation; NULL once it is used
    ticket_until_utc_s INTEGER NOT NULL,
    public_key BLOB, -- 33 bytes; NULL until the phone has come
    enrolled_utc_s INTEGER,
    authorised_to_utc_s INTEGER,
    CONSTRAINT phone_key_size CHECK (length(public_key) = 33)
);
