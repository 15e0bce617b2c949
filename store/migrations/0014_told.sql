-- What was told about a tag says what it was made of, so that it is never told backwards. A list that was told before this
-- column was made of the data that was current then.
ALTER TABLE vuln_states ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE vuln_states ADD COLUMN analysis_id BIGINT NOT NULL DEFAULT 0;
UPDATE vuln_states SET revision = coalesce((SELECT max(r.id) FROM revisions r WHERE r.switched_at <= vuln_states.updated_at), 0);
