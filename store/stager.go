package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"landwaiter.dev/advisory"
)

// How much one transaction stages: little enough that nobody waits long for the writer.
const (
	stageRows  = 250
	stageBytes = 256 << 10
	stageLinks = 2 * batch
)

// maxLinks bounds the links from names to records that are held in memory.
const maxLinks = 2_000_000

// Stager stages new versions of a folder's records for a revision, in many short transactions; what they replace ends
// there. Records are written while the next are made ready, and found by their names only after [Stager.Close]: names are
// spread over the whole index, and written in its order each page of it is written once. Methods must not be called within
// [Store.Write], nor at the same time. What a stager has staged when it is given up is taken back by [Store.AbortStaged].
type Stager struct {
	s      *Store
	rev    int64
	folder string
	// writing tells how the transaction that is running ended; nil when none is.
	writing chan error
	// links lead from names, ids from other ids, to versions of records.
	links, ids [][2]int64
	names      map[int64]advisory.Key
}

// NewStager begins to stage records of a folder.
func (s *Store) NewStager(rev int64, folder string) *Stager {
	return &Stager{s: s, rev: rev, folder: folder, names: map[int64]advisory.Key{}}
}

// StageRecords stages records in one go. Staging an id again for the same rev replaces what was staged.
func (s *Store) StageRecords(ctx context.Context, rev int64, folder string, records []NewRecord) error {
	g := s.NewStager(rev, folder)
	defer g.Stop()
	if err := g.Stage(ctx, records); err != nil {
		return err
	}
	return g.Close(ctx)
}

// Stage takes some records. It returns while the last of them are still being written: the next call, or Close, tells
// whether that failed.
func (g *Stager) Stage(ctx context.Context, records []NewRecord) error {
	for len(records) > 0 {
		var part []NewRecord // of its own: the caller may go on with his
		var packed [][]byte
		for size := 0; len(records) > 0 && len(part) < stageRows && size < stageBytes; records = records[1:] {
			r := records[0]
			r.Digest = orDigest(r.Digest, r.Document)
			packed = append(packed, g.s.codec.packSmall(r.Document))
			size += len(packed[len(packed)-1])
			r.Document = nil
			part = append(part, r)
		}
		if err := g.wait(); err != nil {
			return err
		}
		if len(g.links)+len(g.ids) > maxLinks {
			if err := g.Close(ctx); err != nil {
				return err
			}
		}
		done := make(chan error, 1)
		g.writing = done
		go func() { done <- g.write(ctx, part, packed) }()
	}
	return nil
}

// Stop waits for what is being written. Who gives a stager up calls it before anything is taken back; after Close it does
// nothing.
func (g *Stager) Stop() { _ = g.wait() }

// wait waits for the transaction that is running.
func (g *Stager) wait() error {
	if g.writing == nil {
		return nil
	}
	err := <-g.writing
	g.writing = nil
	return describe(err, "staging records of %q", g.folder)
}

// write stages some records in one transaction and remembers their names.
func (g *Stager) write(ctx context.Context, records []NewRecord, packed [][]byte) error {
	var versions map[string]int64
	err := g.s.Write(ctx, func(tx *Tx) (err error) {
		versions, err = tx.stageVersions(ctx, g.rev, g.folder, records, packed)
		return err
	})
	if err != nil {
		return err
	}
	for i := range records {
		for _, k := range records[i].Keys {
			id := nameID(k)
			g.names[id] = k
			g.links = append(g.links, [2]int64{id, versions[records[i].ID]})
		}
		g.ids = append(g.ids, idLinks(records[i].IDs, versions[records[i].ID])...)
	}
	return nil
}

// Close files what was staged under its names. A stager that was closed may go on.
func (g *Stager) Close(ctx context.Context) error {
	if err := g.wait(); err != nil {
		return err
	}
	err := g.file(ctx, g.links, func(tx *Tx, part [][2]int64) error {
		keys := make([]advisory.Key, 0, len(part))
		for i, l := range part {
			if i == 0 || l[0] != part[i-1][0] {
				keys = append(keys, g.names[l[0]])
			}
		}
		if err := tx.putNames(ctx, keys); err != nil {
			return err
		}
		return tx.putLinks(ctx, "advisory_keys", part)
	})
	if err != nil {
		return err
	}
	if err := g.file(ctx, g.ids, func(tx *Tx, part [][2]int64) error { return tx.putLinks(ctx, "advisory_ids", part) }); err != nil {
		return err
	}
	g.links, g.ids = g.links[:0], g.ids[:0]
	clear(g.names)
	return nil
}

// file writes links in the order of the index, some in each transaction.
func (g *Stager) file(ctx context.Context, links [][2]int64, write func(tx *Tx, part [][2]int64) error) error {
	slices.SortFunc(links, func(a, b [2]int64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	for part := range slices.Chunk(links, stageLinks) {
		if err := g.s.Write(ctx, func(tx *Tx) error { return write(tx, part) }); err != nil {
			return describe(err, "filing records of %q", g.folder)
		}
	}
	return nil
}

// putLinks keeps links from hashes of names to versions of records.
func (t *Tx) putLinks(ctx context.Context, table string, links [][2]int64) error {
	return t.insertMany(ctx, "INSERT INTO "+table+" (name_id, version_id)", " ON CONFLICT DO NOTHING", 2, len(links), func(i int) []any {
		return []any{links[i][0], links[i][1]}
	})
}

// stageVersions keeps new versions of records and returns their numbers by id.
func (t *Tx) stageVersions(ctx context.Context, rev int64, folder string, records []NewRecord, packed [][]byte) (map[string]int64, error) {
	versions := make(map[string]int64, len(records))
	var known []string
	args := make([]any, 0, 7*len(records))
	for i := range records {
		r := &records[i]
		if _, twice := versions[r.ID]; twice {
			return nil, fmt.Errorf("record %.100q is there twice: %w", r.ID, ErrConflict)
		}
		versions[r.ID] = 0
		if !r.New {
			known = append(known, r.ID)
		}
		digest, err := digestBytes(r.Digest)
		if err != nil {
			return nil, err
		}
		args = append(args, folder, r.ID, digest, packed[i], rev, 0, packNames(r.Keys))
	}
	if len(known) > 0 {
		if err := t.stageRemoved(ctx, rev, folder, known); err != nil {
			return nil, err
		}
	}
	err := each(ctx, &t.Queries, func(row scanner) error {
		var version int64
		var id string
		if err := row.Scan(&version, &id); err != nil {
			return err
		}
		versions[id] = version
		return nil
	}, "INSERT INTO advisory_versions (folder, record_id, digest, document, from_rev, to_rev, names)"+values(len(records), 7)+
		" RETURNING id, record_id", args...)
	return versions, err
}
