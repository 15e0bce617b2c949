-- For questions over all images: packages by name without regard to case, records by id, and records by the other ids that
-- they are known under. name_id is a hash of the id; who is found by it is compared by name.
CREATE INDEX packages_by_name ON packages (lower(name));
CREATE INDEX advisory_versions_by_record ON advisory_versions (record_id);
CREATE TABLE advisory_ids (
    name_id    BIGINT NOT NULL,
    version_id BIGINT NOT NULL,
    PRIMARY KEY (name_id, version_id)
) {rowless};
CREATE INDEX advisory_ids_by_version ON advisory_ids (version_id);
