package store

import (
	"context"
	"iter"
)

// exportRows is how many rows are read at once of what is read from end to end: no transaction is held between.
const exportRows = 500

// Folders lists the folders that have records that count at a revision, by name.
func (q *Queries) Folders(ctx context.Context, rev int64) ([]string, error) {
	folders, err := all(ctx, q, scalar[string], `SELECT DISTINCT v.folder FROM advisory_versions v
		WHERE v.from_rev <= ? AND (v.to_rev = 0 OR v.to_rev > ?)`+notOff+" ORDER BY v.folder", rev, rev, rev, rev)
	return folders, describe(err, "listing what has records")
}

// FolderDocuments yields the records of a folder as rev has them, as they were staged: [advisory.Record] in JSON. It reads
// some at a time, and ends with the first error.
func (q *Queries) FolderDocuments(ctx context.Context, folder string, rev int64) iter.Seq2[[]byte, error] {
	type document struct {
		id     string
		packed []byte
	}
	return func(yield func([]byte, error) bool) {
		for after := ""; ; {
			rows, err := all(ctx, q, func(row scanner, d *document) error { return row.Scan(&d.id, &d.packed) },
				`SELECT record_id, document FROM advisory_versions WHERE folder = ? AND record_id > ? AND from_rev <= ? AND (to_rev = 0 OR to_rev > ?)
				ORDER BY record_id LIMIT ?`, folder, after, rev, rev, exportRows)
			if err != nil {
				yield(nil, describe(err, "reading the records of %q", folder))
				return
			}
			for _, d := range rows {
				text, err := q.codec.unpack(d.packed)
				if !yield(text, describe(err, "record %.100q of %q", d.id, folder)) || err != nil {
					return
				}
			}
			if len(rows) < exportRows {
				return
			}
			after = rows[len(rows)-1].id
		}
	}
}

// NewestEPSSDay is the last day of which there are scores; "" when there are none.
func (q *Queries) NewestEPSSDay(ctx context.Context) (string, error) {
	var day string
	err := q.one(ctx, "SELECT coalesce(max(day), '') FROM (SELECT max(day) AS day FROM epss UNION ALL SELECT max(day) FROM epss_pages) AS days", nil, &day)
	return day, describe(err, "looking for scores")
}

// EPSSOf yields the scores of one day, as known now, by CVE, read some at a time: all of its file where that is kept, else
// those of vulnerabilities that had a match. It ends with the first error.
func (q *Queries) EPSSOf(ctx context.Context, day string) iter.Seq2[EPSS, error] {
	return func(yield func(EPSS, error) bool) {
		if whole, err := q.epssFile(ctx, day, yield); whole || err != nil {
			if err != nil {
				yield(EPSS{}, describe(err, "reading scores"))
			}
			return
		}
		for after := ""; ; {
			rows, err := all(ctx, q, func(row scanner, e *EPSS) error { return row.Scan(&e.CVE, &e.Score, &e.Percentile) },
				`SELECT e.cve, e.score, e.percentile FROM epss e WHERE e.day = ? AND e.cve > ?
					AND e.loaded_at = (SELECT max(l.loaded_at) FROM epss l WHERE l.cve = e.cve AND l.day = e.day) ORDER BY e.cve LIMIT ?`, day, after, exportRows)
			if err != nil {
				yield(EPSS{}, describe(err, "reading scores"))
				return
			}
			for _, e := range rows {
				if !yield(e, nil) {
					return
				}
			}
			if len(rows) < exportRows {
				return
			}
			after = rows[len(rows)-1].CVE
		}
	}
}
