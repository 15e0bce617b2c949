-- Images that came as documents. An operation gathers contents until an image is made of some of them; the image keeps
-- what it was made of.
CREATE TABLE import_operations (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES accounts (name),
    state      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX import_operations_by_account ON import_operations (account, created_at);
CREATE INDEX import_operations_by_state ON import_operations (state, expires_at);
CREATE TABLE import_contents (
    operation  TEXT NOT NULL REFERENCES import_operations (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    digest     TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (operation, kind, digest)
);
CREATE INDEX import_contents_by_digest ON import_contents (digest);
CREATE TABLE image_imports (
    image_row  BIGINT PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
    operation  TEXT NOT NULL,
    packages   TEXT NOT NULL,
    media_type TEXT NOT NULL,
    manifest   TEXT NOT NULL,
    config     TEXT NOT NULL
);
CREATE INDEX image_imports_by_operation ON image_imports (operation);
CREATE INDEX image_imports_by_packages ON image_imports (packages);
