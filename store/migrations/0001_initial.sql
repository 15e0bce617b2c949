-- The first schema. Words in braces differ between the databases and are replaced when the file is loaded:
-- {id} an identity column, {blob} bytes, {rowless} a table kept in the order of its key.
-- Times are microseconds since 1970 in UTC; 0 is "no time". Intervals run from from_… until to_…, 0 is "still".

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Bytes by digest, for installations without a directory of their own.
CREATE TABLE blobs (
    digest TEXT PRIMARY KEY,
    data   {blob} NOT NULL
);

CREATE TABLE accounts (
    name       TEXT PRIMARY KEY,
    type       TEXT NOT NULL,
    state      TEXT NOT NULL,
    email      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE users (
    username      TEXT PRIMARY KEY,
    account       TEXT NOT NULL REFERENCES accounts (name),
    uuid          TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE INDEX users_by_account ON users (account);

CREATE TABLE registries (
    account    TEXT NOT NULL REFERENCES accounts (name),
    registry   TEXT NOT NULL,
    name       TEXT NOT NULL,
    type       TEXT NOT NULL,
    username   TEXT NOT NULL,
    secret     {blob} NOT NULL,
    verify     BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account, registry)
);

CREATE TABLE subscriptions (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES accounts (name),
    type       TEXT NOT NULL,
    topic      TEXT NOT NULL,
    value      TEXT NOT NULL,
    active     BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (account, topic, type)
);
CREATE INDEX subscriptions_active ON subscriptions (type) WHERE active;

-- What one reading of an image says; the document is a blob. Accounts share it.
CREATE TABLE analyses (
    id              {id},
    document        TEXT NOT NULL UNIQUE,
    manifest_digest TEXT NOT NULL,
    image_id        TEXT NOT NULL,
    distro_id       TEXT NOT NULL,
    distro_version  TEXT NOT NULL,
    created_at      BIGINT NOT NULL
);

CREATE TABLE images (
    id                {id},
    account           TEXT NOT NULL REFERENCES accounts (name),
    digest            TEXT NOT NULL,
    parent_digest     TEXT NOT NULL,
    image_id          TEXT NOT NULL,
    status            TEXT NOT NULL,
    state             TEXT NOT NULL,
    error             TEXT NOT NULL,
    error_code        TEXT NOT NULL,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    analyzed_at       BIGINT NOT NULL,
    analysis_id       BIGINT NOT NULL,
    annotations       TEXT NOT NULL,
    dockerfile_digest TEXT NOT NULL,
    manifest_blob     TEXT NOT NULL,
    parent_blob       TEXT NOT NULL,
    distro            TEXT NOT NULL,
    distro_version    TEXT NOT NULL,
    architecture      TEXT NOT NULL,
    size              BIGINT NOT NULL,
    layer_count       BIGINT NOT NULL,
    UNIQUE (account, digest)
);
CREATE INDEX images_by_parent ON images (account, parent_digest);
CREATE INDEX images_by_image_id ON images (account, image_id);
CREATE INDEX images_by_status ON images (status);
CREATE INDEX images_by_analysis ON images (analysis_id);

CREATE TABLE tags (
    image_row   BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    account     TEXT NOT NULL,
    registry    TEXT NOT NULL,
    repository  TEXT NOT NULL,
    tag         TEXT NOT NULL,
    detected_at BIGINT NOT NULL,
    current     BOOLEAN NOT NULL,
    PRIMARY KEY (image_row, registry, repository, tag)
);
CREATE INDEX tags_by_name ON tags (account, registry, repository, tag, detected_at);

-- Dockerfiles that users gave, with the time in which each was in force.
CREATE TABLE dockerfiles (
    image_row BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    digest    TEXT NOT NULL,
    document  TEXT NOT NULL,
    from_at   BIGINT NOT NULL,
    to_at     BIGINT NOT NULL
);
CREATE INDEX dockerfiles_by_image ON dockerfiles (image_row, from_at);

-- Which analysis of an image was in force when.
CREATE TABLE image_analyses (
    image_row   BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    analysis_id BIGINT NOT NULL REFERENCES analyses (id),
    from_at     BIGINT NOT NULL,
    to_at       BIGINT NOT NULL
);
CREATE INDEX image_analyses_by_image ON image_analyses (image_row, from_at);
CREATE INDEX image_analyses_by_analysis ON image_analyses (analysis_id);

CREATE TABLE layers (
    id       {id},
    blob     TEXT NOT NULL,
    diff_id  TEXT NOT NULL,
    size     BIGINT NOT NULL,
    tar_size BIGINT NOT NULL,
    UNIQUE (blob, diff_id)
);

-- Who may use what is known of a layer, and where we verified its blob.
CREATE TABLE layer_access (
    layer_id BIGINT NOT NULL REFERENCES layers (id) ON DELETE CASCADE,
    account  TEXT NOT NULL REFERENCES accounts (name),
    PRIMARY KEY (layer_id, account)
);
CREATE TABLE layer_repositories (
    layer_id   BIGINT NOT NULL REFERENCES layers (id) ON DELETE CASCADE,
    registry   TEXT NOT NULL,
    repository TEXT NOT NULL,
    PRIMARY KEY (layer_id, registry, repository)
);
CREATE TABLE layer_parts (
    layer_id BIGINT NOT NULL REFERENCES layers (id) ON DELETE CASCADE,
    name     TEXT NOT NULL,
    revision TEXT NOT NULL,
    blob     TEXT NOT NULL,
    PRIMARY KEY (layer_id, name, revision)
);

-- Distinct packages; digest is of all fields that follow it but the last.
CREATE TABLE packages (
    id             {id},
    digest         {blob} NOT NULL UNIQUE,
    type           TEXT NOT NULL,
    ecosystem      TEXT NOT NULL,
    namespace      TEXT NOT NULL,
    name           TEXT NOT NULL,
    version        TEXT NOT NULL,
    arch           TEXT NOT NULL,
    source_name    TEXT NOT NULL,
    source_version TEXT NOT NULL,
    modularity     TEXT NOT NULL,
    matched_rev    BIGINT NOT NULL
);
CREATE INDEX packages_by_ecosystem ON packages (ecosystem);

-- Names under which advisories speak of packages; id is a hash of the other two. Two names with one hash would only cost
-- a look in vain: who is found by it is compared by name.
CREATE TABLE names (
    id        BIGINT PRIMARY KEY,
    ecosystem TEXT NOT NULL,
    name      TEXT NOT NULL
);
CREATE TABLE package_keys (
    name_id    BIGINT NOT NULL,
    package_id BIGINT NOT NULL,
    PRIMARY KEY (name_id, package_id)
) {rowless};
CREATE INDEX package_keys_by_package ON package_keys (package_id);

CREATE TABLE package_sets (
    id     {id},
    digest TEXT NOT NULL UNIQUE
);
CREATE TABLE package_set_members (
    set_id     BIGINT NOT NULL,
    package_id BIGINT NOT NULL,
    PRIMARY KEY (set_id, package_id)
) {rowless};
CREATE INDEX package_set_members_by_package ON package_set_members (package_id, set_id);
CREATE TABLE analysis_sets (
    analysis_id BIGINT NOT NULL,
    set_id      BIGINT NOT NULL,
    PRIMARY KEY (analysis_id, set_id)
) {rowless};
CREATE INDEX analysis_sets_by_set ON analysis_sets (set_id, analysis_id);

CREATE TABLE feed_groups (
    feed         TEXT NOT NULL,
    grp          TEXT NOT NULL,
    ecosystem    TEXT NOT NULL,
    enabled      BOOLEAN NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    last_sync    BIGINT NOT NULL,
    last_attempt BIGINT NOT NULL,
    last_error   TEXT NOT NULL,
    records      BIGINT NOT NULL,
    problems     TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    PRIMARY KEY (feed, grp)
);

-- States of all advisory data, and the one row that says which is current.
CREATE TABLE revisions (
    id          BIGINT PRIMARY KEY,
    switched_at BIGINT NOT NULL,
    reason      TEXT NOT NULL
);
CREATE INDEX revisions_by_time ON revisions (switched_at);
CREATE TABLE revision_pointer (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    revision BIGINT NOT NULL
);
INSERT INTO revision_pointer (one, revision) VALUES (1, 0);

CREATE TABLE advisory_versions (
    id        {id},
    folder    TEXT NOT NULL,
    record_id TEXT NOT NULL,
    digest    {blob} NOT NULL,
    document  {blob} NOT NULL,
    from_rev  BIGINT NOT NULL,
    to_rev    BIGINT NOT NULL,
    UNIQUE (folder, record_id, from_rev)
);
CREATE INDEX advisory_versions_begun ON advisory_versions (from_rev);
-- Few rows have ended: who asks for them says "AND to_rev > 0", lest the index be passed over.
CREATE INDEX advisory_versions_ended ON advisory_versions (to_rev) WHERE to_rev > 0;
CREATE TABLE advisory_keys (
    name_id    BIGINT NOT NULL,
    version_id BIGINT NOT NULL,
    PRIMARY KEY (name_id, version_id)
) {rowless};
CREATE INDEX advisory_keys_by_version ON advisory_keys (version_id);

CREATE TABLE kev (
    cve      TEXT NOT NULL,
    added    TEXT NOT NULL,
    from_rev BIGINT NOT NULL,
    to_rev   BIGINT NOT NULL,
    PRIMARY KEY (cve, from_rev)
);
CREATE TABLE epss (
    cve        TEXT NOT NULL,
    day        TEXT NOT NULL,
    score      DOUBLE PRECISION NOT NULL,
    percentile DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (cve, day)
) {rowless};

-- What a match says; the packages built from one source share it.
CREATE TABLE findings (
    id       {id},
    digest   {blob} NOT NULL UNIQUE,
    vuln     TEXT NOT NULL,
    severity BIGINT NOT NULL,
    document {blob} NOT NULL
);
CREATE TABLE finding_ids (
    vuln       TEXT NOT NULL,
    finding_id BIGINT NOT NULL,
    PRIMARY KEY (vuln, finding_id)
) {rowless};
CREATE INDEX finding_ids_by_finding ON finding_ids (finding_id);
CREATE TABLE matches (
    id           {id},
    package_id   BIGINT NOT NULL,
    finding_id   BIGINT NOT NULL,
    from_rev     BIGINT NOT NULL,
    to_rev       BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    fix_since    BIGINT NOT NULL,
    close_reason TEXT NOT NULL,
    UNIQUE (package_id, finding_id, from_rev)
);
CREATE INDEX matches_by_finding ON matches (finding_id);
CREATE INDEX matches_begun ON matches (from_rev);
CREATE INDEX matches_ended ON matches (to_rev) WHERE to_rev > 0;

CREATE TABLE policies (
    account     TEXT NOT NULL REFERENCES accounts (name),
    id          TEXT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    source      TEXT NOT NULL,
    active      BOOLEAN NOT NULL,
    digest      TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (account, id)
);
CREATE UNIQUE INDEX policies_active ON policies (account) WHERE active;
-- Documents and activations with the time in which each was in force; they outlive the policy.
CREATE TABLE policy_versions (
    account   TEXT NOT NULL,
    policy_id TEXT NOT NULL,
    digest    TEXT NOT NULL,
    document  TEXT NOT NULL,
    from_at   BIGINT NOT NULL,
    to_at     BIGINT NOT NULL
);
CREATE INDEX policy_versions_by_policy ON policy_versions (account, policy_id, from_at);
CREATE INDEX policy_versions_by_digest ON policy_versions (account, digest);
CREATE TABLE policy_activations (
    account   TEXT NOT NULL,
    policy_id TEXT NOT NULL,
    from_at   BIGINT NOT NULL,
    to_at     BIGINT NOT NULL
);
CREATE INDEX policy_activations_by_account ON policy_activations (account, from_at);

-- Verdicts. They outlive the image; latest marks the newest of image, tag and policy.
CREATE TABLE evaluations (
    id                {id},
    account           TEXT NOT NULL,
    image_row         BIGINT NOT NULL,
    image_digest      TEXT NOT NULL,
    tag               TEXT NOT NULL,
    policy_id         TEXT NOT NULL,
    bundle_digest     TEXT NOT NULL,
    analysis_id       BIGINT NOT NULL,
    dockerfile_digest TEXT NOT NULL,
    feed_revision     BIGINT NOT NULL,
    evaluated_at      BIGINT NOT NULL,
    final_action      TEXT NOT NULL,
    final_reason      TEXT NOT NULL,
    reason            TEXT NOT NULL,
    result            TEXT NOT NULL,
    next_at           BIGINT NOT NULL,
    reproducible      BOOLEAN NOT NULL,
    latest            BOOLEAN NOT NULL,
    rows_gone         BOOLEAN NOT NULL
);
CREATE INDEX evaluations_by_image ON evaluations (account, image_digest, tag, policy_id, id);
CREATE INDEX evaluations_due ON evaluations (next_at) WHERE latest AND next_at > 0;
CREATE INDEX evaluations_by_time ON evaluations (evaluated_at);
CREATE INDEX evaluations_by_result ON evaluations (result);

-- The list of vulnerabilities that was last told about a tag.
CREATE TABLE vuln_states (
    account    TEXT NOT NULL,
    full_tag   TEXT NOT NULL,
    list       TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account, full_tag)
);

CREATE TABLE notices (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL,
    type       TEXT NOT NULL,
    topic      TEXT NOT NULL,
    payload    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state      TEXT NOT NULL,
    attempts   BIGINT NOT NULL,
    last_error TEXT NOT NULL
);
CREATE INDEX notices_by_state ON notices (state, created_at);

CREATE TABLE nodes (
    host_id      TEXT PRIMARY KEY,
    roles        TEXT NOT NULL,
    base_url     TEXT NOT NULL,
    version      TEXT NOT NULL,
    started_at   BIGINT NOT NULL,
    heartbeat_at BIGINT NOT NULL
);
