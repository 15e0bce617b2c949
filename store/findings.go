package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"landwaiter.dev/advisory"
)

// findings reads findings by number. They are shared and must not be changed.
func (q *Queries) findings(ctx context.Context, ids []int64) (map[int64]*advisory.Finding, error) {
	return documents(ctx, q, q.caches.findings, "SELECT id, document FROM findings WHERE id {in ids}", ids)
}

type findingDigest = [sha256.Size]byte

// putFindings keeps the findings of matches and returns the number of each.
func (t *Tx) putFindings(ctx context.Context, matches []Match) ([]int64, error) {
	digests := make([]findingDigest, len(matches))
	documents := make([][]byte, len(matches))
	var fresh []int
	numbers := map[findingDigest]int64{}
	for i := range matches {
		b, err := json.Marshal(matches[i].Finding)
		if err != nil {
			return nil, err
		}
		documents[i], digests[i] = b, sha256.Sum256(b)
		if _, twice := numbers[digests[i]]; !twice {
			numbers[digests[i]] = 0
			fresh = append(fresh, i)
		}
	}
	slices.SortFunc(fresh, func(a, b int) int { return bytes.Compare(digests[a][:], digests[b][:]) }) // no two wait for each other
	for start := 0; start < len(fresh); start += batch {
		if err := t.putFindingBatch(ctx, matches, documents, digests, fresh[start:min(start+batch, len(fresh))], numbers); err != nil {
			return nil, err
		}
	}
	ids := make([]int64, len(matches))
	for i := range matches {
		ids[i] = numbers[digests[i]]
	}
	return ids, nil
}

func (t *Tx) putFindingBatch(ctx context.Context, matches []Match, documents [][]byte, digests []findingDigest, part []int, numbers map[findingDigest]int64) error {
	note := func(row scanner) error {
		var id int64
		var digest []byte
		if err := row.Scan(&id, &digest); err != nil {
			return err
		}
		numbers[findingDigest(digest)] = id
		return nil
	}
	keys := make([]any, len(part))
	for n, i := range part {
		keys[n] = digests[i][:]
	}
	err := each(ctx, &t.Queries, note, "SELECT id, digest FROM findings WHERE digest IN "+values(1, len(keys))[len(" VALUES "):], keys...)
	if err != nil {
		return err
	}
	var missing []int
	var args []any
	for _, i := range part {
		if numbers[digests[i]] == 0 {
			missing = append(missing, i)
			args = append(args, digests[i][:], matches[i].Finding.ID, int64(matches[i].Finding.Severity), t.codec.packSmall(documents[i]))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	// On conflict the row is that of a transaction that has just ended: its number is what is asked for.
	err = each(ctx, &t.Queries, note, "INSERT INTO findings (digest, vuln, severity, document)"+values(len(missing), 4)+
		" ON CONFLICT (digest) DO UPDATE SET vuln = excluded.vuln RETURNING id, digest", args...)
	if err != nil {
		return err
	}
	type link struct {
		vuln    string
		finding int64
	}
	var links []link
	for _, i := range missing {
		links = append(links, link{matches[i].Finding.ID, numbers[digests[i]]})
		for _, id := range matches[i].Finding.IDs {
			links = append(links, link{id, numbers[digests[i]]})
		}
	}
	err = t.insertMany(ctx, "INSERT INTO finding_ids (vuln, finding_id)", " ON CONFLICT DO NOTHING", 2, len(links), func(n int) []any {
		return []any{links[n].vuln, links[n].finding}
	})
	if err != nil {
		return err
	}
	vulns := make([]string, len(links))
	for n := range links {
		vulns[n] = links[n].vuln
	}
	return t.scoreFound(ctx, vulns)
}
