-- What an analysis depends on, by digest, and the document that came of it: known images are not merged again.
CREATE TABLE analysis_keys (
    key      TEXT PRIMARY KEY,
    document TEXT NOT NULL
);
