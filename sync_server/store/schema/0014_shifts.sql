-- Where shifts of a till begin and end (reasons 32 and 33): few among many records.

CREATE INDEX shift_mark ON record (terminal, serial) WHERE type = 8 AND reason IN (32, 33);
