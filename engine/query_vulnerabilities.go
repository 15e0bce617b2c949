package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// KnownVulnerabilities asks what the advisory data says of vulnerabilities.
type KnownVulnerabilities struct {
	// IDs are any of the ids that they are known under.
	IDs []string
	// Wanted narrows to records about a package; Namespaces, names of feed groups, to their ecosystems.
	Wanted     advisory.Wanted
	Namespaces []string
	Page       Page
	Moment     Moment
}

// MaxQueryIDs is how many ids one question may have.
const MaxQueryIDs = 200

// KnowledgePage is a page of what is known.
type KnowledgePage struct {
	Vulnerabilities []KnownVulnerability
	Total           int
	Revision        int64
	AsOf            time.Time
}

// KnownVulnerability is one vulnerability in one namespace.
type KnownVulnerability struct {
	advisory.Description
	Namespace string
	// KnownExploited as in [advisory.Finding]; EPSS is the newest score of its CVEs, the highest where they have several.
	KnownExploited string
	EPSS           *store.EPSS
}

// Vulnerabilities lists what is known of vulnerabilities, by id and namespace. An id that nothing is known of is left out.
func (u *Queries) Vulnerabilities(ctx context.Context, q KnownVulnerabilities) (*KnowledgePage, error) {
	if len(q.IDs) > MaxQueryIDs {
		return nil, Errorf(ClassInvalid, "too_many_ids", "%d ids at once are too many: ask for %d at most", len(q.IDs), MaxQueryIDs)
	}
	rev, at, err := u.revision(ctx, q.Moment)
	if err != nil {
		return nil, err
	}
	sourced, err := u.store.RecordsKnownAs(ctx, q.IDs, rev.ID)
	if err != nil {
		return nil, err
	}
	records := make([]*advisory.Record, len(sourced))
	for i := range sourced {
		records[i] = sourced[i].Record
	}
	off, err := u.store.OffAt(ctx, rev.ID)
	if err != nil {
		return nil, err
	}
	list := make([]KnownVulnerability, 0, len(records))
	for _, d := range advisory.Describe(q.IDs, records, q.Wanted) {
		k := KnownVulnerability{Description: d, Namespace: namespaceOf(d.Ecosystem)}
		if !off[wholeFeed] && !off[d.Ecosystem] && (len(q.Namespaces) == 0 || slices.Contains(q.Namespaces, k.Namespace)) {
			list = append(list, k)
		}
	}
	out := &KnowledgePage{Total: len(list), Revision: rev.ID, AsOf: at}
	start, end := q.Page.offset(), len(list)
	switch {
	case q.Page.Limit == 0 && q.Page.Number > 1 || start > len(list):
		start = len(list)
	case q.Page.Limit > 0:
		end = min(start+q.Page.Limit, len(list))
	}
	out.Vulnerabilities = list[start:end]
	return out, u.enrich(ctx, out.Vulnerabilities, records, rev.ID, at)
}

// namespaceOf is the feed group of an ecosystem; what names no package at all is OSV's.
func namespaceOf(ecosystem string) string {
	if ecosystem == "" {
		return "osv"
	}
	return advisory.FeedGroup(ecosystem)
}

// enrich adds what others say of the CVEs: NVD's scores, CISA's catalogue, EPSS.
func (u *Queries) enrich(ctx context.Context, list []KnownVulnerability, records []*advisory.Record, rev int64, at time.Time) error {
	var cves []string
	for i := range list {
		cves = append(cves, cvesOf(list[i].IDs)...)
	}
	slices.Sort(cves)
	cves = slices.Compact(cves)
	have := map[string]bool{}
	for _, r := range records {
		have[r.ID] = true
	}
	nvd := map[string][]advisory.CVSS{}
	note := func(r *advisory.Record) {
		for _, c := range advisory.EnrichmentOf(r).CVSS {
			if c.Source == advisory.NVD && !slices.Contains(nvd[r.ID], c) {
				nvd[r.ID] = append(nvd[r.ID], c)
			}
		}
	}
	for _, r := range records {
		note(r)
	}
	known, err := u.store.NVDAt(ctx, slices.DeleteFunc(slices.Clone(cves), func(cve string) bool { return have[cve] }), rev)
	if err != nil {
		return err
	}
	for cve, e := range known {
		nvd[cve] = e.CVSS
	}
	exploited, err := u.store.KEVAt(ctx, rev)
	if err != nil {
		return err
	}
	scores, err := u.store.EPSSAt(ctx, cves, at, at)
	if err != nil {
		return err
	}
	for i := range list {
		k := &list[i]
		for _, cve := range cvesOf(k.IDs) {
			for _, c := range nvd[cve] {
				if !slices.Contains(k.CVSS, c) {
					k.CVSS = append(k.CVSS, c)
				}
			}
			if day := exploited[cve]; day != "" && (k.KnownExploited == "" || day < k.KnownExploited) {
				k.KnownExploited = day
			}
		}
		k.EPSS = highest(scores, k.IDs)
	}
	return nil
}

func cvesOf(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !strings.HasPrefix(id, "CVE-") })
}

// highest is the highest score of the ids; nil when none has one.
func highest(scores map[string]store.EPSS, ids []string) *store.EPSS {
	var best *store.EPSS
	for _, id := range ids {
		if s, ok := scores[id]; ok && (best == nil || s.Score > best.Score) {
			best = &s
		}
	}
	return best
}
