-- Scores have the time at which they came to be known here, 0 where they came before this was written down: of a moment past,
-- those count that were known then. A day whose scores came again with other values is there twice.
CREATE TABLE epss_known (
    cve        TEXT NOT NULL,
    day        TEXT NOT NULL,
    loaded_at  BIGINT NOT NULL,
    score      DOUBLE PRECISION NOT NULL,
    percentile DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (cve, day, loaded_at)
) {rowless};
INSERT INTO epss_known (cve, day, loaded_at, score, percentile) SELECT cve, day, 0, score, percentile FROM epss;
DROP TABLE epss;
ALTER TABLE epss_known RENAME TO epss;
