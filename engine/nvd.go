package engine

import (
	"context"

	"landwaiter.dev/advisory"
)

// NVD gives what NVD says of CVEs at a revision of the advisory data, by id: description, scores, links. Ids that it does
// not know, or rejected, are left out.
func (u *Vulns) NVD(ctx context.Context, cves []string, revision int64) (map[string]advisory.Enrichment, error) {
	return u.store.NVDAt(ctx, cves, revision)
}
