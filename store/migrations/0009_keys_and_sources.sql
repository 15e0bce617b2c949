-- By which rules a package is told apart and filed under names (advisory.KeyRevision): 0 for what was kept before there
-- were numbers, -1 while it is filed by the present rules and has to be matched again. keyed_from is the feed revision from
-- which its matches are by these rules. An analysis with a lower number has sets of packages made by older rules.
ALTER TABLE packages ADD COLUMN key_rev BIGINT NOT NULL DEFAULT 0;
ALTER TABLE packages ADD COLUMN keyed_from BIGINT NOT NULL DEFAULT 0;
CREATE INDEX packages_by_rules ON packages (key_rev);
ALTER TABLE analyses ADD COLUMN key_rev BIGINT NOT NULL DEFAULT 0;
CREATE INDEX analyses_by_rules ON analyses (key_rev);
-- Folders of records of which nothing counts, because the settings set their source to none, with the revisions in which
-- that is so; 'kev' is the catalogue of exploited vulnerabilities.
CREATE TABLE folder_off (
    folder   TEXT NOT NULL,
    from_rev BIGINT NOT NULL,
    to_rev   BIGINT NOT NULL,
    PRIMARY KEY (folder, from_rev)
);
