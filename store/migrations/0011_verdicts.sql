-- A verdict names all that it was made of: the analysis by its document, which outlives the row, and, as text, the few facts
-- that no digest stands for (how old the advisory data was, what it lacked, since when the image was known).
ALTER TABLE evaluations ADD COLUMN analysis_digest TEXT NOT NULL DEFAULT '';
ALTER TABLE evaluations ADD COLUMN facts TEXT NOT NULL DEFAULT '';
-- Ecosystems whose data was missing or too old for it, between blanks: it is made again when there is some.
ALTER TABLE evaluations ADD COLUMN waits TEXT NOT NULL DEFAULT '';
UPDATE evaluations SET analysis_digest = coalesce((SELECT a.document FROM analyses a WHERE a.id = evaluations.analysis_id), '');
CREATE INDEX evaluations_by_tag ON evaluations (account, tag, id);
CREATE INDEX evaluations_by_policy ON evaluations (account, policy_id, id);
CREATE INDEX evaluations_waiting ON evaluations (id) WHERE latest AND waits <> '';
