package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"sync"

	"landwaiter.dev/advisory"
)

// cachedFindings bounds the findings that are kept decoded, twice over.
const cachedFindings = 20_000

// findingCache keeps decoded findings by number. A finding never changes under its number, so nothing is ever stale. A nil
// cache keeps nothing.
type findingCache struct {
	mu         sync.Mutex
	young, old map[int64]*advisory.Finding
}

func newFindingCache() *findingCache { return &findingCache{young: map[int64]*advisory.Finding{}} }

// get returns what is kept of ids, and which of them are missing.
func (c *findingCache) get(ids []int64) (map[int64]*advisory.Finding, []int64) {
	have := make(map[int64]*advisory.Finding, len(ids))
	if c == nil {
		return have, ids
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var missing []int64
	for _, id := range ids {
		f, ok := c.young[id]
		if !ok {
			if f, ok = c.old[id]; ok {
				c.put(id, f)
			}
		}
		if ok {
			have[id] = f
		} else {
			missing = append(missing, id)
		}
	}
	return have, missing
}

func (c *findingCache) add(findings map[int64]*advisory.Finding, ids []int64) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		if f := findings[id]; f != nil {
			c.put(id, f)
		}
	}
}

func (c *findingCache) put(id int64, f *advisory.Finding) {
	if len(c.young) >= cachedFindings {
		c.young, c.old = make(map[int64]*advisory.Finding, cachedFindings), c.young
	}
	c.young[id] = f
}

// findings reads findings by number. They are shared and must not be changed.
func (q *Queries) findings(ctx context.Context, ids []int64) (map[int64]*advisory.Finding, error) {
	found, missing := q.cache.get(ids)
	if len(missing) == 0 {
		return found, nil
	}
	err := each(ctx, q, func(row scanner) error {
		var id int64
		var packed []byte
		if err := row.Scan(&id, &packed); err != nil {
			return err
		}
		f := new(advisory.Finding)
		if err := q.codec.unpackJSON(packed, f); err != nil {
			return err
		}
		found[id] = f
		return nil
	}, "SELECT id, document FROM findings WHERE id {in ids}", list(missing))
	q.cache.add(found, missing)
	return found, err
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
			args = append(args, digests[i][:], matches[i].Finding.ID, int64(matches[i].Finding.Severity), t.codec.pack(documents[i]))
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
	return t.insertMany(ctx, "INSERT INTO finding_ids (vuln, finding_id)", " ON CONFLICT DO NOTHING", 2, len(links), func(n int) []any {
		return []any{links[n].vuln, links[n].finding}
	})
}
