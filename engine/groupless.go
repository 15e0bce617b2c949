package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// mavenEcosystem is that of Java archives.
const mavenEcosystem = "Maven"

// groupless gives those of the Java archives that name no group and were matched with nothing at a revision: no record is
// about such an artifact, or none tells whose it is.
func (m *matcher) groupless(ctx context.Context, a *image.Analysis, rev int64) ([]*image.Package, error) {
	var archives []*image.Package
	var distinct []advisory.Package
	var keys []advisory.Key
	for i := range a.Packages {
		if p := &a.Packages[i]; p.Type == image.Maven && p.Namespace == "" {
			d := advisory.DistinctOf(p, a.Distro)
			archives, distinct, keys = append(archives, p), append(distinct, d), append(keys, d.Keys()...)
		}
	}
	if len(archives) == 0 {
		return nil, nil
	}
	records, err := m.store.Records(ctx, keys, rev)
	if err != nil && !errors.Is(err, store.ErrNotKept) { // what was matched then is not known any more
		return nil, err
	}
	var unmatched []*image.Package
	for i, p := range archives {
		var mine []*advisory.Record
		for _, k := range distinct[i].Keys() {
			mine = append(mine, records[k]...)
		}
		if group, _ := advisory.InferGroup(distinct[i], mine); group == "" {
			unmatched = append(unmatched, p)
		}
	}
	return unmatched, nil
}

// maxNamedArchives is how many archives a gap names.
const maxNamedArchives = 3

func grouplessGap(archives []*image.Package) image.Gap {
	var names []string
	for _, p := range archives[:min(len(archives), maxNamedArchives)] {
		name := string(p.Location)
		if p.Inner != "" {
			name += "!" + p.Inner
		}
		if name == "" { // of a document
			name = p.Name + " " + p.Version
		}
		names = append(names, fmt.Sprintf("%.200s", name))
	}
	if len(archives) > maxNamedArchives {
		names = append(names, "…")
	}
	return image.Gap{Kind: image.GapUnidentified, Layer: -1, Detail: fmt.Sprintf(
		"Java archives that name no group, and of which no advisory data tells it, were not matched: %d (%s)", len(archives), strings.Join(names, ", "))}
}
