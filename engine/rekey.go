package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// rekey brings what was stored by older rules (see [advisory.KeyRevision]) to those of this version: packages are filed
// under the names by which they are looked up now, and analyses get the packages that theirs have become. Whatever that
// concerns is matched with the revision that is staged; until it is in force, it is a gap. What was matched by older rules
// ([advisory.MatchRevision]) is matched again as well; until then what was found counts. Each step is short, and one that
// was broken off goes on with the next sync.
func (u *syncFeeds) rekey(ctx context.Context, o *outcome) error {
	rules, err := u.store.RulesPending(ctx)
	if err != nil {
		return err
	}
	o.changed = o.changed || rules
	pending, err := u.store.KeysPending(ctx)
	if err != nil || !pending {
		return err
	}
	u.step(ctx, "filing", "", 0)
	if err := u.store.RekeyPackages(ctx, advisory.Package.Keys); err != nil {
		return err
	}
	var broken []int64
	for last := int64(0); ; {
		analyses, err := u.store.AnalysesToRekey(ctx, last)
		if err != nil {
			return err
		}
		if len(analyses) == 0 {
			break
		}
		for i := range analyses {
			last = analyses[i].ID
			if err := u.rekeyAnalysis(ctx, &analyses[i]); err != nil {
				if _, unread := err.(*unreadable); !unread {
					return err
				}
				u.log.Warn("an analysis is not filed anew: analyse its image again", "image", analyses[i].ManifestDigest, "err", err.Error())
				broken = append(broken, last)
			}
		}
	}
	if err := u.store.AnalysesRekeyed(ctx, broken); err != nil {
		return err
	}
	waiting, err := u.store.RekeyedPending(ctx)
	o.changed = o.changed || waiting
	return err
}

// unreadable says that the document of an analysis is not there or damaged.
type unreadable struct{ error }

func (u *syncFeeds) rekeyAnalysis(ctx context.Context, row *store.Analysis) error {
	raw, err := u.store.Blobs().Get(ctx, row.Document)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return &unreadable{err}
	}
	var a image.Analysis
	if err := json.Unmarshal(raw, &a); err != nil {
		return &unreadable{err}
	}
	byLayer := distinctByLayer(&a)
	return u.store.Write(ctx, func(tx *store.Tx) error {
		var sets []int64
		for _, layer := range sortedKeys(byLayer) {
			_, set, err := keepSet(ctx, tx, byLayer[layer], tx.UpsertRekeyed)
			if err != nil {
				return err
			}
			sets = append(sets, set)
		}
		return tx.RekeyAnalysis(ctx, row.ID, sets)
	})
}

// keyGaps tells of packages that are stored by older rules, or were at a revision past, and so are not matched by all that
// is known of them.
func (m *matcher) keyGaps(ctx context.Context, analysisID int64, a *image.Analysis, rev int64, past bool) ([]image.Gap, error) {
	if !past {
		pending, err := m.store.KeysPending(ctx)
		if err != nil || !pending {
			return nil, err
		}
	}
	rows, err := m.store.PackagesKeyed(ctx, analysisID, rev)
	if err != nil {
		return nil, err
	}
	keyed := make(map[advisory.Package]bool, len(rows))
	for i := range rows {
		keyed[rows[i].Package] = true
	}
	n := 0
	for i := range a.Packages {
		if p := advisory.DistinctOf(&a.Packages[i], a.Distro); !keyed[p] && len(p.Keys()) > 0 {
			n++
		}
	}
	switch {
	case n == 0:
		return nil, nil
	case past:
		return []image.Gap{{Kind: image.GapNoAdvisories, Layer: -1, Detail: fmt.Sprintf("%d packages were not matched by all of their names then: an earlier version of this program had stored them", n)}}, nil
	}
	return []image.Gap{{Kind: image.GapNoAdvisories, Layer: -1, Detail: fmt.Sprintf("%d packages are not matched by all of their names yet: an earlier version of this program stored them, and the next sync of the advisory data mends that", n)}}, nil
}
