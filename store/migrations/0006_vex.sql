-- VEX documents, each as attached to an image (target is a digest), a repository ("registry/repository") or a product (a
-- package URL of images, or "all"), with the time in which it was in force; the document itself is a blob. They are never
-- removed: the past is asked about. source is "upload" or "attestation"; of the latter origin is where it was found, and a
-- failure that is not '' stands for what could not be read there. counts says whether its statements may hide findings.
CREATE TABLE vex (
    id          TEXT PRIMARY KEY,
    account     TEXT NOT NULL REFERENCES accounts (name),
    scope       TEXT NOT NULL,
    target      TEXT NOT NULL,
    called      TEXT NOT NULL,
    digest      TEXT NOT NULL,
    format      TEXT NOT NULL,
    document_id TEXT NOT NULL,
    author      TEXT NOT NULL,
    statements  BIGINT NOT NULL,
    problems    TEXT NOT NULL,
    source      TEXT NOT NULL,
    origin      TEXT NOT NULL,
    counts      BOOLEAN NOT NULL,
    failure     TEXT NOT NULL,
    from_at     BIGINT NOT NULL,
    to_at       BIGINT NOT NULL
);
CREATE INDEX vex_by_target ON vex (account, scope, target);
CREATE INDEX vex_by_digest ON vex (digest);
-- Nothing is attached twice at one time.
CREATE UNIQUE INDEX vex_in_force ON vex (account, scope, target, called, source, digest, failure) WHERE to_at = 0;

-- Digest of the list of VEX documents that an evaluation was made with; '' when there were none.
ALTER TABLE evaluations ADD COLUMN vex_digest TEXT NOT NULL DEFAULT '';
