package engine

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// matcher joins distinct packages with advisories, as intervals of revisions, and lays them on images.
type matcher struct {
	store *store.Store
	now   func() time.Time
}

// matchBatch is how many packages are matched at once.
const matchBatch = 400

// matchNew matches packages that were never looked at. It works at the current revision; when a sync moves the pointer
// meanwhile, the switch itself looks at what was matched before it (see sync).
func (m *matcher) matchNew(ctx context.Context, rows []store.PackageRow) error {
	for batch := range slices.Chunk(rows, matchBatch) {
		for {
			rev, err := m.store.CurrentRevision(ctx)
			if err != nil {
				return err
			}
			fresh := slices.DeleteFunc(slices.Clone(batch), func(r store.PackageRow) bool { return r.MatchedRevision > 0 })
			if len(fresh) == 0 || rev.ID == 0 {
				break
			}
			found, err := m.match(ctx, fresh, rev.ID)
			if err != nil {
				return err
			}
			moved := false
			err = m.store.Write(ctx, func(tx *store.Tx) error {
				now, err := tx.ShareRevision(ctx)
				if moved = now.ID != rev.ID; err != nil || moved {
					return err
				}
				ids := rowIDs(fresh)
				// Another image may have brought the same packages meanwhile.
				unmatched, err := tx.Unmatched(ctx, ids)
				if err != nil {
					return err
				}
				var open []store.Match
				for _, id := range unmatched {
					for _, f := range found[id] {
						open = append(open, m.opened(id, rev.ID, f, nil))
					}
				}
				if err := tx.InsertMatches(ctx, open); err != nil {
					return err
				}
				return tx.SetMatched(ctx, unmatched, rev.ID)
			})
			if err != nil {
				return err
			}
			if !moved {
				break
			}
		}
	}
	return nil
}

// match gives the findings of packages by the records valid at a revision, which may be one that is only staged.
func (m *matcher) match(ctx context.Context, rows []store.PackageRow, rev int64) (map[int64][]advisory.Finding, error) {
	exploited, err := m.store.KEVAt(ctx, rev)
	if err != nil {
		return nil, err
	}
	out := make(map[int64][]advisory.Finding, len(rows))
	for batch := range slices.Chunk(rows, matchBatch) {
		var keys []advisory.Key
		for _, r := range batch {
			keys = append(keys, r.Package.Keys()...)
		}
		records, err := m.records(ctx, keys, rev)
		if err != nil {
			return nil, err
		}
		for i, findings := range matchEach(batch, records, exploited) {
			out[batch[i].ID] = findings
		}
		if err := m.enrich(ctx, out, batch, rev); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// matchEach gives the findings of each package; packages are shared among the processors. A panic is one of the caller.
func matchEach(rows []store.PackageRow, records map[advisory.Key][]*advisory.Record, exploited map[string]string) [][]advisory.Finding {
	found := make([][]advisory.Finding, len(rows))
	var next atomic.Int64
	var broken atomic.Pointer[any]
	work := func() {
		defer func() {
			if p := recover(); p != nil {
				broken.Store(&p)
			}
		}()
		for i := int(next.Add(1)) - 1; i < len(rows); i = int(next.Add(1)) - 1 {
			var mine []*advisory.Record
			for _, k := range rows[i].Package.Keys() {
				mine = append(mine, records[k]...)
			}
			found[i], _ = advisory.Match(rows[i].Package, mine, exploited)
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(rows)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	if p := broken.Load(); p != nil {
		panic(*p)
	}
	return found
}

// enrich adds what NVD says of the CVEs of findings, unless the group of NVD's data is switched off.
func (m *matcher) enrich(ctx context.Context, found map[int64][]advisory.Finding, rows []store.PackageRow, rev int64) error {
	var cves []string
	for _, r := range rows {
		cves = append(cves, advisory.CVEs(found[r.ID])...)
	}
	off, err := m.store.OffAt(ctx, rev)
	if err != nil || off[wholeFeed] || off[advisory.EcosystemCPE] {
		return err
	}
	slices.Sort(cves)
	known, err := m.store.NVDAt(ctx, slices.Compact(cves), rev)
	if err != nil || len(known) == 0 {
		return err
	}
	for _, r := range rows {
		advisory.Enrich(found[r.ID], known)
	}
	return nil
}

// records gives the advisories by these names that rev has, without those of ecosystems that are switched off there.
func (m *matcher) records(ctx context.Context, keys []advisory.Key, rev int64) (map[advisory.Key][]*advisory.Record, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	off, err := m.store.OffAt(ctx, rev)
	if err != nil || off[wholeFeed] {
		return nil, err
	}
	if len(off) > 0 {
		keys = slices.DeleteFunc(keys, func(k advisory.Key) bool { return off[k.Ecosystem] })
	}
	records, err := m.store.Records(ctx, keys, rev)
	if errors.Is(err, store.ErrNotKept) {
		err = Errorf(ClassConflict, "advisories_not_kept", "%v: they are removed after the retention time; ask for a later day", store.ErrNotKept)
	}
	return records, err
}

// opened is the interval that begins at rev with finding f; old is the one of the same vulnerability that ends there.
func (m *matcher) opened(pkg, rev int64, f advisory.Finding, old *store.Match) store.Match {
	now := m.now()
	out := store.Match{PackageID: pkg, Finding: f, From: rev, Since: now}
	if old != nil {
		out.Since, out.FixSince = old.Since, old.FixSince
	}
	if len(f.Fixes) > 0 && out.FixSince.IsZero() {
		out.FixSince = now
	}
	if len(f.Fixes) == 0 {
		out.FixSince = time.Time{}
	}
	return out
}

func rowIDs(rows []store.PackageRow) []int64 {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

// lay gives the findings of an analysis at a revision, with what rules hide. With retrospective the records of the
// revision are asked anew; else what was matched here.
func (m *matcher) lay(ctx context.Context, analysisID int64, a *image.Analysis, rev int64, retrospective bool) ([]advisory.ImageFinding, error) {
	known := map[advisory.Package][]advisory.Knowledge{}
	if retrospective {
		rows, err := m.store.PackagesOfAnalysis(ctx, analysisID)
		if err != nil {
			return nil, err
		}
		found, err := m.match(ctx, rows, rev)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			for _, f := range found[r.ID] {
				known[r.Package] = append(known[r.Package], advisory.Knowledge{Finding: f})
			}
		}
	} else {
		matches, err := m.store.MatchesOfAnalysis(ctx, analysisID, rev)
		if err != nil {
			return nil, err
		}
		for _, r := range matches {
			known[r.Package.Package] = append(known[r.Package.Package], advisory.Knowledge{Finding: r.Match.Finding, Since: r.Match.Since, FixSince: r.Match.FixSince})
		}
	}
	for _, list := range known { // in the order of their making they would differ between two databases
		slices.SortStableFunc(list, func(a, b advisory.Knowledge) int { return strings.Compare(a.Finding.ID, b.Finding.ID) })
	}
	return m.assemble(ctx, a, rev, known)
}

// assemble applies the rules that hide. What the distribution says of the packages that own language packages decides
// about those.
func (m *matcher) assemble(ctx context.Context, a *image.Analysis, rev int64, known map[advisory.Package][]advisory.Knowledge) ([]advisory.ImageFinding, error) {
	return m.assembleBy(ctx, a, rev, func(p advisory.Package) []advisory.Knowledge { return known[p] })
}

// assembleBy is assemble with a function that knows the findings of packages.
func (m *matcher) assembleBy(ctx context.Context, a *image.Analysis, rev int64, known func(advisory.Package) []advisory.Knowledge) ([]advisory.ImageFinding, error) {
	named, err := m.records(ctx, ownerKeys(a), rev)
	if err != nil {
		return nil, err
	}
	return advisory.Assemble(a.Packages, a.Distro, known,
		func(k advisory.Key) []*advisory.Record { return named[k] }), nil
}

// ownerKeys are the names under which records speak of the packages that hold others.
func ownerKeys(a *image.Analysis) []advisory.Key {
	owners := map[image.PackageRef]bool{}
	for i := range a.Packages {
		if owner := a.Packages[i].OwnedBy; owner != nil {
			owners[*owner] = true
		}
	}
	var keys []advisory.Key
	for i := range a.Packages {
		if len(owners) == 0 {
			break
		}
		if p := &a.Packages[i]; owners[p.Ref()] {
			delete(owners, p.Ref()) // the first of the name counts
			keys = append(keys, advisory.DistinctOf(p, a.Distro).Keys()...)
		}
	}
	return keys
}
