package engine

import (
	"context"
	"slices"
	"sync"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// ownership remembers, of analyses, which language packages are held by packages of the operating system. An analysis never
// changes under its number, so nothing is ever stale.
type ownership struct {
	mu         sync.Mutex
	byAnalysis map[int64]owners
}

// owners of one analysis: the packages that hold every copy of a language package. One that has a copy of its own is not
// here.
type owners struct {
	distro image.Distro
	of     map[advisory.Package][]image.Package
}

// rememberedAnalyses bounds what is remembered; then it begins anew.
const rememberedAnalyses = 50_000

func (o *ownership) get(analysis int64, read func() (*image.Analysis, error)) (owners, error) {
	o.mu.Lock()
	known, ok := o.byAnalysis[analysis]
	o.mu.Unlock()
	if ok {
		return known, nil
	}
	a, err := read()
	if err != nil {
		return owners{}, err
	}
	known = ownersOf(a)
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.byAnalysis) >= rememberedAnalyses || o.byAnalysis == nil {
		o.byAnalysis = map[int64]owners{}
	}
	o.byAnalysis[analysis] = known
	return known, nil
}

func ownersOf(a *image.Analysis) owners {
	out := owners{distro: a.Distro, of: map[advisory.Package][]image.Package{}}
	byRef := map[image.PackageRef]*image.Package{}
	for i := range a.Packages {
		if p := &a.Packages[i]; p.Type.OS() {
			byRef[p.Ref()] = p
		}
	}
	free := map[advisory.Package]bool{}
	for i := range a.Packages {
		p := &a.Packages[i]
		if p.Type.OS() {
			continue
		}
		d := advisory.DistinctOf(p, a.Distro)
		var owner *image.Package
		if p.OwnedBy != nil {
			owner = byRef[*p.OwnedBy]
		}
		if owner == nil {
			free[d] = true
			continue
		}
		// What decides about an owner is its source package; files and licences are not kept.
		kept := image.Package{Type: owner.Type, Name: owner.Name, Version: owner.Version, Namespace: owner.Namespace, Arch: owner.Arch,
			SourceName: owner.SourceName, SourceVersion: owner.SourceVersion, Modularity: owner.Modularity}
		if !slices.ContainsFunc(out.of[d], func(o image.Package) bool { return o.Ref() == kept.Ref() && o.SourceName == kept.SourceName }) {
			out.of[d] = append(out.of[d], kept)
		}
	}
	for d := range free {
		delete(out.of, d)
	}
	return out
}

// queryRules decides of packages of images whether a rule hides a finding, as [advisory.Assemble] does for whole images; each
// pair of package and owner is looked at once.
type queryRules struct {
	u      *Queries
	moment Moment
	rev    int64
	seen   map[hiding]string
	// vex says that the account has, or had, VEX documents; laid are the images that one is in force for, as a whole.
	vex  bool
	laid map[int64]map[hiding]string
}

// hiding is what a rule looks at.
type hiding struct {
	pkg, owner advisory.Package
	vuln       string
}

func (u *Queries) rules(ctx context.Context, account string, m Moment) (*queryRules, error) {
	r := &queryRules{u: u, moment: m, seen: map[hiding]string{}, laid: map[int64]map[hiding]string{}}
	rev, err := u.store.CurrentRevision(ctx)
	if err == nil && !m.At.IsZero() {
		rev, _, err = u.store.RevisionAt(ctx, m.At)
	}
	if err != nil {
		return nil, err
	}
	docs, err := u.store.VEXOf(ctx, account, !m.At.IsZero())
	r.rev, r.vex = rev.ID, len(docs) > 0
	return r, err
}

// hide gives the reason why a finding does not count for an image; "" when it does.
func (r *queryRules) hide(ctx context.Context, h *store.Holder, p HeldPackage) (string, error) {
	if r.vex {
		if laid, err := r.lay(ctx, h); laid != nil || err != nil {
			return laid[hiding{pkg: p.Package, vuln: p.Finding.ID}], err
		}
	}
	if p.Type.OS() {
		one := image.Package{Type: p.Type, Name: p.Name, Version: p.Version, SourceName: p.SourceName}
		return r.judge(ctx, hiding{pkg: p.Package, vuln: p.Finding.ID}, one, nil, image.Distro{}, p.Finding)
	}
	known, err := r.u.owned.get(h.Analysis, func() (*image.Analysis, error) {
		img := h.Image
		a, err := r.u.content.of(ctx, img, h.Analysis)
		if err != nil {
			return nil, err
		}
		return a.Analysis, nil
	})
	if err != nil {
		return "", err
	}
	reason := ""
	for i := range known.of[p.Package] {
		owner := &known.of[p.Package][i]
		ref := owner.Ref()
		one := image.Package{Type: p.Type, Name: p.Name, Namespace: p.Namespace, Version: p.Version, OwnedBy: &ref}
		key := hiding{pkg: p.Package, owner: advisory.DistinctOf(owner, known.distro), vuln: p.Finding.ID}
		if reason, err = r.judge(ctx, key, one, owner, known.distro, p.Finding); err != nil || reason == "" {
			return "", err // a copy that counts is enough
		}
	}
	return reason, nil
}

// judge asks the rules about one package and its owner alone.
func (r *queryRules) judge(ctx context.Context, key hiding, one image.Package, owner *image.Package, d image.Distro, f *advisory.Finding) (string, error) {
	if reason, known := r.seen[key]; known {
		return reason, nil
	}
	pkgs := []image.Package{one}
	known := map[advisory.Package][]advisory.Knowledge{advisory.DistinctOf(&one, d): {{Finding: *f}}}
	if owner != nil {
		found, err := r.u.matcher.match(ctx, []store.PackageRow{{ID: 1, Package: key.owner}}, r.rev)
		if err != nil {
			return "", err
		}
		for _, own := range found[1] {
			known[key.owner] = append(known[key.owner], advisory.Knowledge{Finding: own})
		}
		pkgs = append(pkgs, *owner)
	}
	findings, err := r.u.matcher.assemble(ctx, &image.Analysis{Packages: pkgs, Distro: d}, r.rev, known)
	if err != nil {
		return "", err
	}
	reason := ""
	for i := range findings {
		if findings[i].Package.Type == one.Type && findings[i].ID == f.ID {
			reason = findings[i].Ignored
		}
	}
	r.seen[key] = reason
	return reason, nil
}

// lay looks at a whole image as [Vulns.Of] does, where a VEX document is in force for it; nil when none is. A finding counts
// when it does for one copy of the package.
func (r *queryRules) lay(ctx context.Context, h *store.Holder) (map[hiding]string, error) {
	if laid, known := r.laid[h.ID]; known {
		return laid, nil
	}
	u := r.u.vulns
	tags, err := u.vex.tagsAt(ctx, h.Image, r.moment)
	if err != nil {
		return nil, err
	}
	subject := subjectOf(h.Image, tags)
	rows, err := u.vex.inForce(ctx, &u.store.Queries, h.Image, &subject, r.moment.At)
	if err != nil || len(rows) == 0 {
		r.laid[h.ID] = nil
		return nil, err
	}
	s, err := u.at(ctx, h.Image, r.moment)
	if err != nil {
		return nil, err
	}
	laid := map[hiding]string{}
	for i := range s.findings {
		f := &s.findings[i]
		key := hiding{pkg: f.Distinct, vuln: f.ID}
		if old, twice := laid[key]; !twice || old != "" {
			laid[key] = f.Ignored
		}
	}
	r.laid[h.ID] = laid
	return laid, nil
}
