-- Claims: a code that the office made, good for some boxes until an instant; which box took which
-- terminal. Keys are hidden under the server's own (keyring.hide).
CREATE TABLE claim (
    name BLOB PRIMARY KEY, -- 8 bytes of the code, as they go over the wire
    hidden_key BLOB NOT NULL,
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    merchant TEXT,
    boxes INTEGER NOT NULL,
    until_utc_s INTEGER NOT NULL,
    made_utc_s INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE kit ( -- terminals that were made beforehand, for boxes that are set up without a network
    terminal INTEGER PRIMARY KEY REFERENCES terminal (number),
    claim BLOB NOT NULL REFERENCES claim (name)
) WITHOUT ROWID;

CREATE TABLE device ( -- the chip's own id, and the terminal it became
    id BLOB PRIMARY KEY,
    terminal INTEGER NOT NULL UNIQUE REFERENCES terminal (number),
    claim BLOB NOT NULL REFERENCES claim (name),
    claimed_utc_s INTEGER NOT NULL
) WITHOUT ROWID;

-- The enrolment key that was made at the device, hidden; NULL: derived from number and generation.
ALTER TABLE terminal ADD COLUMN own_key BLOB;
