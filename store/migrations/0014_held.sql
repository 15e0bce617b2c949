-- What was told about a tag says what it was made of, so that it is never told backwards. A list that was told before this
-- column was made of the data that was current then.
ALTER TABLE vuln_states ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE vuln_states ADD COLUMN analysis_id BIGINT NOT NULL DEFAULT 0;
UPDATE vuln_states SET revision = coalesce((SELECT max(r.id) FROM revisions r WHERE r.switched_at <= vuln_states.updated_at), 0);
-- When somebody put it last: what is put is pointed to in a later transaction, and stays until then.
ALTER TABLE package_sets ADD COLUMN put_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE analyses ADD COLUMN put_at BIGINT NOT NULL DEFAULT 0;
