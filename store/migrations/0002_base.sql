-- Which image was built on which. chain is the chain ID of all layers that were read, '' until it is computed and 'none'
-- where layers were not read; prefixes are those of each shorter list of layers, the longest first, as a JSON list or null.
-- declared_* is what the image itself says of its base.
ALTER TABLE analyses ADD COLUMN chain TEXT NOT NULL DEFAULT '';
ALTER TABLE analyses ADD COLUMN prefixes TEXT NOT NULL DEFAULT 'null';
ALTER TABLE analyses ADD COLUMN declared_name TEXT NOT NULL DEFAULT '';
ALTER TABLE analyses ADD COLUMN declared_digest TEXT NOT NULL DEFAULT '';
CREATE INDEX analyses_by_chain ON analyses (chain);
