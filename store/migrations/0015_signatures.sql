-- What was found of signatures beside an image and how it compared with the keys that were trusted then, as a JSON object,
-- with the time in which it was the last word. Rows are never removed: the past is asked about.
CREATE TABLE signatures (
    account  TEXT NOT NULL REFERENCES accounts (name),
    target   TEXT NOT NULL,
    document TEXT NOT NULL,
    from_at  BIGINT NOT NULL,
    to_at    BIGINT NOT NULL,
    PRIMARY KEY (account, target, from_at)
);
