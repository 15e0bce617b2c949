-- What the catalogue of exploited vulnerabilities says beside the day: the day by which a vulnerability should be mended, ''
-- where it names none, and whether it is known to be used in ransomware campaigns.
ALTER TABLE kev ADD COLUMN due TEXT NOT NULL DEFAULT '';
ALTER TABLE kev ADD COLUMN ransomware BOOLEAN NOT NULL DEFAULT FALSE;
