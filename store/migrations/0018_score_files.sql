-- The files of scores of the last days, whole, from which vulnerabilities that match later take theirs: rows in the order of
-- CVEs, in pages that are read by their first.
CREATE TABLE epss_pages (
    day       TEXT NOT NULL,
    loaded_at BIGINT NOT NULL,
    first     TEXT NOT NULL,
    scores    {blob} NOT NULL,
    PRIMARY KEY (day, first)
);
