-- The names under which a version of a record is filed stand beside it, 8 bytes each: what a sync has to match again, and
-- what goes with a version, is read there. The indexes that led from versions to names made a first load write each of
-- their pages hundreds of times.
ALTER TABLE advisory_versions ADD COLUMN names {blob} NOT NULL DEFAULT '';
DROP INDEX advisory_keys_by_version;
DROP INDEX advisory_ids_by_version;

-- When a blob was put, last: what no row names goes only when it has not been put for a while.
ALTER TABLE blobs ADD COLUMN put_at BIGINT NOT NULL DEFAULT 0;
