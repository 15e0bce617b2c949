-- Ecosystems of which nothing is matched, with the revisions in which that is so; '' is all of them.
CREATE TABLE feed_off (
    ecosystem TEXT NOT NULL,
    from_rev  BIGINT NOT NULL,
    to_rev    BIGINT NOT NULL,
    PRIMARY KEY (ecosystem, from_rev)
);
