package engine

import (
	"context"
	"slices"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// spared gathers of which vulnerabilities the distribution comes to say, or no longer says, that a package of it does not
// have them. No match changes with that; but what such a package holds, a language package, may have been found with one,
// and whether that finding counts is the distribution's decision (see [advisory.Assemble]).
type spared struct {
	u   *syncFeeds
	rev int64
	// owners by the id of a vulnerability.
	owners map[string][]int64
}

// look compares what is said of packages before and from the staged revision on; of those that changed all the same their
// images are known.
func (s *spared) look(ctx context.Context, rows []store.PackageRow, changed []int64) error {
	var keys []advisory.Key
	rows = slices.DeleteFunc(slices.Clone(rows), func(r store.PackageRow) bool { return !r.Type.OS() || slices.Contains(changed, r.ID) })
	for i := range rows {
		keys = append(keys, rows[i].Keys()...)
	}
	if len(keys) == 0 {
		return nil
	}
	before, err := s.u.matcher.records(ctx, slices.Clone(keys), s.rev-1)
	if err != nil {
		return err
	}
	after, err := s.u.matcher.records(ctx, keys, s.rev)
	if err != nil {
		return err
	}
	for i := range rows {
		was, is := sparedBy(&rows[i], before), sparedBy(&rows[i], after)
		for id := range was {
			if is[id] == "" {
				s.owners[id] = append(s.owners[id], rows[i].ID)
			}
		}
		for id := range is {
			if was[id] == "" {
				s.owners[id] = append(s.owners[id], rows[i].ID)
			}
		}
	}
	return nil
}

func sparedBy(r *store.PackageRow, records map[advisory.Key][]*advisory.Record) map[string]string {
	var mine []*advisory.Record
	for _, k := range r.Keys() {
		mine = append(mine, records[k]...)
	}
	return advisory.Spared(r.Package, mine)
}

// images are those that hold such a package, and a language package with the vulnerability. Whether the one holds the other
// is not looked at: the evaluation does, and costs no more.
func (s *spared) images(ctx context.Context, q *store.Queries) ([]int64, error) {
	if len(s.owners) == 0 {
		return nil, nil
	}
	found, err := q.PackagesWithVulns(ctx, sortedWords(s.owners))
	if err != nil {
		return nil, err
	}
	var images []int64
	for _, id := range sortedWords(found) {
		language := slices.DeleteFunc(found[id], func(r store.PackageRow) bool { return r.Type.OS() })
		if len(language) == 0 {
			continue
		}
		with, err := q.ImagesWithPackages(ctx, rowIDs(language))
		if err != nil {
			return nil, err
		}
		holding, err := q.ImagesWithPackages(ctx, s.owners[id])
		if err != nil {
			return nil, err
		}
		for _, img := range with {
			if _, both := slices.BinarySearch(holding, img); both {
				images = append(images, img)
			}
		}
	}
	return images, nil
}
