-- By which rules a package is matched with records (advisory.MatchRevision): 0 for what was matched before there were numbers.
ALTER TABLE packages ADD COLUMN match_rev BIGINT NOT NULL DEFAULT 0;
CREATE INDEX packages_by_match_rules ON packages (match_rev);
