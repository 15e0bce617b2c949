package store

import (
	"context"
	"strconv"
	"strings"

	"landwaiter.dev/advisory"
)

// nvdFolders begin with this: one for each part of NVD's data.
const nvdFolders = "nvd/"

// NVDAt returns what NVD says at rev of these CVEs, by id; those that it does not know, or rejected, are left out. Where no
// data of NVD is loaded it costs one short query.
func (q *Queries) NVDAt(ctx context.Context, cves []string, rev int64) (map[string]advisory.Enrichment, error) {
	if len(cves) == 0 {
		return nil, nil
	}
	folders, err := q.nvdFolders(ctx)
	if err != nil {
		return nil, describe(err, "reading what NVD says")
	}
	if len(folders) == 0 {
		return nil, nil
	}
	off, err := q.FoldersOffAt(ctx, rev)
	if err != nil {
		return nil, err
	}
	known := make(map[string]advisory.Enrichment, len(cves))
	for _, folder := range folders {
		if off[folder] {
			continue
		}
		wanted := inFolder(folder, cves)
		if len(wanted) == 0 {
			continue
		}
		ids, err := all(ctx, q, scalar[int64], `SELECT id FROM advisory_versions WHERE folder = ? AND record_id {in texts}
			AND from_rev <= ? AND (to_rev = 0 OR to_rev > ?) ORDER BY id`, folder, list(wanted), rev, rev)
		if err != nil {
			return nil, describe(err, "reading what NVD says")
		}
		records, err := q.versions(ctx, ids)
		if err != nil {
			return nil, describe(err, "reading what NVD says")
		}
		for _, id := range ids {
			r := records[id]
			// Pages of NVD's answers may overlap: what was changed last counts.
			if e := advisory.EnrichmentOf(r); r.Withdrawn.IsZero() && !e.Modified.Before(known[r.ID].Modified) {
				known[r.ID] = e
			}
		}
	}
	return known, nil
}

// nvdFolders lists the folders that hold data of NVD. It goes from one folder to the next, not over their records.
func (q *Queries) nvdFolders(ctx context.Context) ([]string, error) {
	return all(ctx, q, scalar[string], `WITH RECURSIVE folders (name) AS (
			SELECT min(folder) FROM advisory_versions
			UNION ALL SELECT (SELECT min(v.folder) FROM advisory_versions v WHERE v.folder > f.name) FROM folders f WHERE f.name IS NOT NULL
		) SELECT name FROM folders WHERE name LIKE ? ORDER BY name`, nvdFolders+"%")
}

// stagedByNVD is the part of a query for packages with an open match with a vulnerability of which NVD says something else
// from rev on. When the group of NVD's data, or its source, is switched off or on there, that is every one that NVD knows.
func (q *Queries) stagedByNVD(ctx context.Context, rev int64) (query string, args []any, err error) {
	var switched int
	err = q.one(ctx, `SELECT (SELECT count(*) FROM feed_off WHERE ecosystem = ? AND (from_rev = ? OR to_rev = ?))
		+ (SELECT count(*) FROM folder_off WHERE folder LIKE ? AND (from_rev = ? OR to_rev = ?))`, []any{advisory.EcosystemCPE, rev, rev, nvdFolders + "%", rev, rev}, &switched)
	const of = `UNION SELECT m.package_id FROM advisory_versions v JOIN finding_ids f ON f.vuln = v.record_id JOIN matches m ON m.finding_id = f.finding_id
		WHERE v.folder LIKE ? AND (m.to_rev = 0 OR m.to_rev >= ?) AND `
	args = []any{nvdFolders + "%", rev, rev}
	query = of + "v.from_rev = ? " + of + "v.to_rev = ? AND v.to_rev > 0 "
	args = append(args, args...)
	if switched > 0 {
		query += of + "v.to_rev = 0 "
		args = append(args, args[:2]...)
	}
	return query, args, err
}

// inFolder narrows CVEs to those that a folder can have. The file of a year has the CVEs of that year, that of the first
// also all before it; other folders may have any.
func inFolder(folder string, cves []string) []string {
	year, err := strconv.Atoi(strings.TrimPrefix(folder, nvdFolders))
	if err != nil {
		return cves
	}
	var out []string
	for _, id := range cves {
		if len(id) < len("CVE-2006-") {
			continue
		}
		if y, err := strconv.Atoi(id[4:8]); err == nil && max(y, advisory.FirstNVDYear) == year {
			out = append(out, id)
		}
	}
	return out
}
