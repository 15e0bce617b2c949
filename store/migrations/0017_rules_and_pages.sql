-- By which rules a package is matched with records (advisory.MatchRevision): 0 for what was matched before there were numbers.
ALTER TABLE packages ADD COLUMN match_rev BIGINT NOT NULL DEFAULT 0;
CREATE INDEX packages_by_match_rules ON packages (match_rev);

-- Pages of the images that hold a package go by these alone: analysed images by digest, and which analysis was in force when.
CREATE INDEX images_held ON images (account, digest, analysis_id, id) WHERE state = 'active' AND status = 'analyzed';
CREATE INDEX image_analyses_in_force ON image_analyses (image_row, from_at, to_at, analysis_id);
DROP INDEX image_analyses_by_image;
