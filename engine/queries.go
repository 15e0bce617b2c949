package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// Queries answers questions over all images of an account, and over the advisory data, now or as of a moment.
type Queries struct {
	store   *store.Store
	content *Content
	matcher *matcher
	vulns   *Vulns
	owned   *ownership
	now     func() time.Time
}

// Page is a part of a list; pages count from 1, Limit 0 is all.
type Page struct{ Number, Limit int }

func (p Page) offset() int { return (max(p.Number, 1) - 1) * p.Limit }

// ByVulnerability asks which images have a vulnerability.
type ByVulnerability struct {
	// ID is any of the ids that the vulnerability is known under.
	ID string
	// Namespaces are names of feed groups; Package a name of the package or of its source. Empty fields do not narrow.
	Namespaces []string
	Package    string
	Severity   *advisory.Severity
	// VendorOnly leaves out what the distribution will not fix.
	VendorOnly bool
	Page       Page
	Moment     Moment
}

// ByPackage asks which images hold a package. Name is exact, but for the case of packages of no distribution; Maven's may
// have the group before a colon. Type is a word of /v1.
type ByPackage struct {
	Name, Version, Type string
	Page                Page
	Moment              Moment
}

// HeldImages is a page of images.
type HeldImages struct {
	Images []HeldImage
	// Total counts the images of all pages, those on which a rule hides all that was found among them.
	Total    int64
	Revision int64
	AsOf     time.Time
}

// HeldImage is an image with what it holds of what was asked for; Ignored has what a rule hides.
type HeldImage struct {
	Image             store.Image
	Packages, Ignored []HeldPackage
}

// HeldPackage is a distinct package of an image, with its finding when a vulnerability was asked for.
type HeldPackage struct {
	advisory.Package
	Finding *advisory.Finding
	// Reason why a rule hides it; "" when it counts.
	Reason string
}

// ImagesByVulnerability lists the images that have a vulnerability, by digest.
func (u *Queries) ImagesByVulnerability(ctx context.Context, account string, q ByVulnerability) (*HeldImages, error) {
	rev, at, err := u.revision(ctx, q.Moment)
	if err != nil {
		return nil, err
	}
	var matches []store.PackageMatch
	if q.Moment.Retrospective {
		matches, err = u.matchedThen(ctx, q.ID, rev.ID)
	} else {
		matches, err = u.store.MatchesOfVulns(ctx, []string{q.ID}, rev.ID)
	}
	if err != nil {
		return nil, err
	}
	found := map[int64]HeldPackage{}
	var ids []int64
	for i := range matches {
		m := &matches[i]
		if !q.wants(m) {
			continue
		}
		// Several findings may bear the id, as of the advisories of two ecosystems: the worst stands for them.
		old, twice := found[m.Package.ID]
		if !twice {
			ids = append(ids, m.Package.ID)
		} else if old.Finding.Severity >= m.Match.Finding.Severity {
			continue
		}
		found[m.Package.ID] = HeldPackage{Package: m.Package.Package, Finding: &m.Match.Finding}
	}
	out, err := u.holding(ctx, account, ids, found, q.Page, q.Moment)
	if err != nil {
		return nil, err
	}
	out.Revision, out.AsOf = rev.ID, at
	return out, nil
}

// wants says whether a match is among what is asked for.
func (q *ByVulnerability) wants(m *store.PackageMatch) bool {
	p, f := &m.Package, &m.Match.Finding
	switch {
	case q.VendorOnly && f.State == advisory.WontFix:
	case q.Severity != nil && f.Severity != *q.Severity:
	case len(q.Namespaces) > 0 && !slices.Contains(q.Namespaces, advisory.FeedGroup(p.Ecosystem)):
	case q.Package != "" && !isNamed(p.Package, q.Package) && p.SourceName != q.Package:
	default:
		return true
	}
	return false
}

// isNamed compares a package's name with one that was asked for.
func isNamed(p advisory.Package, name string) bool {
	if p.Type.OS() {
		return p.Name == name
	}
	if group, artifact, ok := strings.Cut(name, ":"); ok && p.Namespace != "" && strings.EqualFold(group, p.Namespace) {
		name = artifact
	}
	return strings.EqualFold(p.Name, name)
}

// matchedThen matches the packages that are known now with the records of a revision.
func (u *Queries) matchedThen(ctx context.Context, id string, rev int64) ([]store.PackageMatch, error) {
	records, err := u.store.RecordsKnownAs(ctx, []string{id}, rev)
	if err != nil {
		return nil, err
	}
	var keys []advisory.Key
	for _, r := range records {
		keys = append(keys, r.Keys()...)
	}
	rows, err := u.store.PackagesByKeys(ctx, keys)
	if err != nil {
		return nil, err
	}
	found, err := u.matcher.match(ctx, rows, rev)
	if err != nil {
		return nil, err
	}
	var out []store.PackageMatch
	for _, r := range rows {
		for _, f := range found[r.ID] {
			if f.ID == id || slices.Contains(f.IDs, id) {
				out = append(out, store.PackageMatch{Package: r, Match: store.Match{PackageID: r.ID, Finding: f}})
			}
		}
	}
	return out, nil
}

// ImagesByPackage lists the images that hold a package, by digest.
func (u *Queries) ImagesByPackage(ctx context.Context, account string, q ByPackage) (*HeldImages, error) {
	at, err := u.moment(q.Moment)
	if err != nil {
		return nil, err
	}
	_, artifact, _ := strings.Cut(q.Name, ":")
	names := []string{q.Name}
	if artifact != "" {
		names = append(names, artifact)
	}
	found := map[int64]HeldPackage{}
	var ids []int64
	for _, name := range names {
		rows, err := u.store.PackagesNamed(ctx, name)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if _, twice := found[r.ID]; twice || !isNamed(r.Package, q.Name) || q.Version != "" && r.Version != q.Version ||
				q.Type != "" && !strings.EqualFold(r.Type.V1(), q.Type) {
				continue
			}
			found[r.ID] = HeldPackage{Package: r.Package}
			ids = append(ids, r.ID)
		}
	}
	out, err := u.holding(ctx, account, ids, found, q.Page, q.Moment)
	if err != nil {
		return nil, err
	}
	rev, _, err := u.store.RevisionAt(ctx, at)
	out.Revision, out.AsOf = rev.ID, at
	return out, err
}

// holding finds the images that hold packages, and parts what counts from what a rule hides.
func (u *Queries) holding(ctx context.Context, account string, ids []int64, found map[int64]HeldPackage, p Page, m Moment) (*HeldImages, error) {
	if p.Number > 1 && p.Limit == 0 {
		ids = nil // everything was on the first page
	}
	holders, total, err := u.store.Holders(ctx, store.HolderFilter{
		Account: account, Packages: ids, At: m.At, Later: m.Retrospective, Limit: p.Limit, Offset: p.offset(),
	})
	if err != nil {
		return nil, err
	}
	rules, err := u.rules(ctx, account, m)
	if err != nil {
		return nil, err
	}
	out := &HeldImages{Total: total, Images: make([]HeldImage, 0, len(holders))}
	for i := range holders {
		h := &holders[i]
		held := HeldImage{Image: h.Image}
		if !m.At.IsZero() {
			held.Image.Tags = slices.DeleteFunc(slices.Clone(h.Tags), func(t store.Tag) bool { return !m.Retrospective && t.DetectedAt.After(m.At) })
		}
		for _, id := range h.Packages {
			one := found[id]
			if one.Finding != nil {
				if one.Reason, err = rules.hide(ctx, h, one); err != nil {
					return nil, err
				}
			}
			if one.Reason != "" {
				held.Ignored = append(held.Ignored, one)
			} else {
				held.Packages = append(held.Packages, one)
			}
		}
		out.Images = append(out.Images, held)
	}
	return out, nil
}

// moment is the time that is asked about.
func (u *Queries) moment(m Moment) (time.Time, error) {
	now := u.now()
	switch {
	case m.At.IsZero():
		return now, nil
	case m.At.After(now):
		return now, Errorf(ClassInvalid, "in_the_future", "as_of lies in the future")
	}
	return m.At, nil
}

// revision is the state of the advisory data that answers. Where there was none yet, only what is asked retrospectively has
// an answer: that nothing was known.
func (u *Queries) revision(ctx context.Context, m Moment) (store.Revision, time.Time, error) {
	at, err := u.moment(m)
	if err != nil || m.At.IsZero() {
		rev, revErr := u.store.CurrentRevision(ctx)
		if err == nil {
			err = revErr
		}
		return rev, at, err
	}
	rev, known, err := u.store.RevisionAt(ctx, at)
	if err == nil && !known && !m.Retrospective {
		err = Errorf(ClassConflict, "not_known_then", "there was no advisory data here at %s", at.UTC().Format(time.RFC3339))
	}
	return rev, at, err
}
