package store

import (
	"context"
	"fmt"

	"landwaiter.dev/image"
)

// invariants are queries for what must not be; each yields a text for each violation.
var invariants = []struct{ name, query string }{
	{"an image says it is analysed and has no analysis",
		"SELECT CAST(id AS TEXT) FROM images WHERE status = 'analyzed' AND analysis_id NOT IN (SELECT id FROM analyses)"},
	{"an analysed image has another analysis in force than it shows",
		`SELECT CAST(i.id AS TEXT) FROM images i WHERE i.status = 'analyzed' AND NOT EXISTS
			(SELECT 1 FROM image_analyses h WHERE h.image_row = i.id AND h.analysis_id = i.analysis_id AND h.to_at = 0)`},
	{"an image has two analyses in force", "SELECT CAST(image_row AS TEXT) FROM image_analyses WHERE to_at = 0 GROUP BY image_row HAVING count(*) > 1"},
	{"an image has two Dockerfiles in force", "SELECT CAST(image_row AS TEXT) FROM dockerfiles WHERE to_at = 0 GROUP BY image_row HAVING count(*) > 1"},
	{"an image shows another Dockerfile than is in force",
		`SELECT CAST(i.id AS TEXT) FROM images i LEFT JOIN dockerfiles d ON d.image_row = i.id AND d.to_at = 0
			WHERE coalesce(d.digest, '') <> i.dockerfile_digest`},
	{"a tag points at two images", `SELECT registry || '/' || repository || ':' || tag FROM tags WHERE current
		GROUP BY account, registry, repository, tag HAVING count(*) > 1`},
	{"a tag has another account than its image", "SELECT CAST(t.image_row AS TEXT) FROM tags t JOIN images i ON i.id = t.image_row WHERE i.account <> t.account"},
	{"an analysis names a package set that is gone", `SELECT CAST(s.analysis_id AS TEXT) FROM analysis_sets s
		WHERE s.set_id NOT IN (SELECT id FROM package_sets) OR s.analysis_id NOT IN (SELECT id FROM analyses)`},
	{"a package set holds a package that is gone", `SELECT CAST(m.set_id AS TEXT) FROM package_set_members m
		WHERE m.package_id NOT IN (SELECT id FROM packages) OR m.set_id NOT IN (SELECT id FROM package_sets)`},
	{"a name points to a package that is gone", "SELECT CAST(package_id AS TEXT) FROM package_keys WHERE package_id NOT IN (SELECT id FROM packages)"},
	{"a package or advisory is filed under a name that is gone",
		"SELECT CAST(name_id AS TEXT) FROM package_keys WHERE name_id NOT IN (SELECT id FROM names) UNION SELECT CAST(name_id AS TEXT) FROM advisory_keys WHERE name_id NOT IN (SELECT id FROM names)"},
	{"a match is on a package that is gone", "SELECT CAST(id AS TEXT) FROM matches WHERE package_id NOT IN (SELECT id FROM packages)"},
	{"a match has lost its finding", "SELECT CAST(id AS TEXT) FROM matches WHERE finding_id NOT IN (SELECT id FROM findings)"},
	{"a match ends before it begins", "SELECT CAST(id AS TEXT) FROM matches WHERE to_rev > 0 AND to_rev <= from_rev"},
	{"a package has two open matches with one vulnerability", `SELECT CAST(m.package_id AS TEXT) || ' ' || f.vuln FROM matches m JOIN findings f ON f.id = m.finding_id
		WHERE m.to_rev = 0 GROUP BY m.package_id, f.vuln HAVING count(*) > 1`},
	{"a name points to an advisory that is gone", "SELECT CAST(version_id AS TEXT) FROM advisory_keys WHERE version_id NOT IN (SELECT id FROM advisory_versions)"},
	{"an id points to an advisory that is gone", "SELECT CAST(version_id AS TEXT) FROM advisory_ids WHERE version_id NOT IN (SELECT id FROM advisory_versions)"},
	{"an advisory has two open versions", `SELECT folder || '/' || record_id FROM advisory_versions WHERE to_rev = 0
		GROUP BY folder, record_id HAVING count(*) > 1`},
	{"an advisory version ends before it begins", "SELECT record_id FROM advisory_versions WHERE to_rev > 0 AND to_rev <= from_rev"},
	{"the current feed revision is unknown", "SELECT CAST(revision AS TEXT) FROM revision_pointer WHERE revision > 0 AND revision NOT IN (SELECT id FROM revisions)"},
	{"a policy has not one document in force", `SELECT p.account || '/' || p.id FROM policies p WHERE
		(SELECT count(*) FROM policy_versions v WHERE v.account = p.account AND v.policy_id = p.id AND v.to_at = 0 AND v.digest = p.digest) <> 1`},
	{"the active policy is another than the history says", `SELECT p.account || '/' || p.id FROM policies p WHERE p.active AND NOT EXISTS
		(SELECT 1 FROM policy_activations h WHERE h.account = p.account AND h.policy_id = p.id AND h.to_at = 0)`},
	{"a VEX document ends before it begins", "SELECT id FROM vex WHERE to_at > 0 AND to_at < from_at"},
	{"two evaluations are the newest", `SELECT image_digest || ' ' || tag || ' ' || policy_id FROM evaluations WHERE latest
		GROUP BY account, image_digest, tag, policy_id HAVING count(*) > 1`},
}

// shown bounds how many violations of one kind are listed.
const shown = 20

// Check looks for what must never be in the database, and for bytes that it names and the blobs lack, and says each in one
// sentence. It reads everything: it is for tests and for people who doubt.
func (s *Store) Check(ctx context.Context) ([]string, error) {
	var violations []string
	for _, i := range invariants {
		rows, err := all(ctx, &s.Queries, scalar[string], i.query)
		if err != nil {
			return nil, describe(err, "checking whether %s", i.name)
		}
		for n, row := range rows {
			if n == shown {
				violations = append(violations, fmt.Sprintf("%s: %d more", i.name, len(rows)-shown))
				break
			}
			violations = append(violations, i.name+": "+row)
		}
	}
	used, err := s.BlobsInUse(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range used {
		has, err := s.blobs.Has(ctx, d)
		switch {
		case err != nil:
			violations = append(violations, fmt.Sprintf("blob %.100q cannot be looked for: %v", d, err))
		case !has:
			violations = append(violations, "a blob is missing: "+string(d))
		}
	}
	return violations, nil
}

// BlobsInUse lists all digests by which the database names blobs, sorted.
func (q *Queries) BlobsInUse(ctx context.Context) ([]image.Digest, error) {
	used, err := all(ctx, q, scalar[image.Digest], `SELECT d FROM (
			SELECT manifest_blob AS d FROM images UNION SELECT parent_blob FROM images UNION SELECT document FROM analyses
			UNION SELECT digest FROM import_contents UNION SELECT packages FROM image_imports UNION SELECT config FROM image_imports
			UNION SELECT manifest FROM image_imports UNION SELECT blob FROM layer_parts UNION SELECT result FROM evaluations WHERE NOT rows_gone UNION SELECT list FROM vuln_states
			UNION SELECT digest FROM vex UNION SELECT vex_digest FROM evaluations
		) AS used WHERE d <> '' ORDER BY d`)
	return used, describe(err, "listing blobs")
}
