-- What terminals say of their meters and valves (reasons 40 to 47): few among many records.

CREATE INDEX alarm ON record (id) WHERE type = 8 AND reason BETWEEN 40 AND 47;
