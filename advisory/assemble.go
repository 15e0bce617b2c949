package advisory

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/image"
)

// Knowledge is a finding on a distinct package with what this installation remembers of it.
type Knowledge struct {
	Finding Finding
	// Since and FixSince as in [ImageFinding].
	Since, FixSince time.Time
}

// Assemble lays the findings of distinct packages on the packages of an image and applies the rules that hide: what a
// rule hides stays in the list, with the reason. known gives the findings of a distinct package; named gives the records
// filed under a key, whether they hold or not, and is asked only for source packages that own language packages; nil
// means that none are at hand.
//
// The rules: what a record states not to be affected is not. Headers and build helpers of the kernel hold no kernel. A
// language package that an operating-system package owns is what the distribution ships: where the distribution's records
// name the vulnerability for the owning source package, the distribution decides; where they are silent, the finding
// stays.
//
// The order is that of pkgs, and by id within a package.
func Assemble(pkgs []image.Package, d image.Distro, known func(Package) []Knowledge, named func(Key) []*Record) []ImageFinding {
	a := assembler{distro: d, known: known, named: named, owners: map[image.PackageRef]*owner{}}
	for i := range pkgs {
		if pkgs[i].Type.OS() {
			a.owners[pkgs[i].Ref()] = &owner{pkg: &pkgs[i]}
		}
	}
	var findings []ImageFinding
	for i := range pkgs {
		p := &pkgs[i]
		distinct := DistinctOf(p, d)
		for _, k := range known(distinct) {
			findings = append(findings, ImageFinding{
				Finding: k.Finding, Package: *p, Distinct: distinct, Since: k.Since, FixSince: k.FixSince,
				Ignored: a.ignored(p, &k.Finding),
			})
		}
	}
	return findings
}

type assembler struct {
	distro image.Distro
	known  func(Package) []Knowledge
	named  func(Key) []*Record
	owners map[image.PackageRef]*owner
}

// owner is an operating-system package with what the distribution says of it, read when first asked for.
type owner struct {
	pkg      *image.Package
	read     bool
	affected map[string]string // id of a vulnerability → the finding's primary id
	named    map[string]string // id of a vulnerability → the record that names it
}

// ignored is the reason to hide a finding; "" when it counts.
func (a *assembler) ignored(p *image.Package, f *Finding) string {
	if f.State == NotAffected {
		return notAffected(f)
	}
	if p.Type.OS() {
		if kernelHelper(p) {
			return fmt.Sprintf("%s holds no kernel; %s is about the kernel that its source package builds", p.Name, f.ID)
		}
		return ""
	}
	if p.OwnedBy == nil {
		return ""
	}
	o := a.owners[*p.OwnedBy]
	if o == nil {
		return ""
	}
	a.ask(o)
	for _, id := range f.IDs {
		if finding := o.affected[id]; finding != "" {
			return fmt.Sprintf("the distribution reports it as %s of its package %s, which holds this one", finding, o.pkg.Name)
		}
	}
	for _, id := range f.IDs {
		if record := o.named[id]; record != "" {
			return fmt.Sprintf("the distribution's package %s %s, which holds this one, is not affected by %s", o.pkg.Name, o.pkg.Version, record)
		}
	}
	return ""
}

// notAffected is the reason to hide a finding that a record denies.
func notAffected(f *Finding) string {
	for _, e := range f.Evidence {
		if e.State == NotAffected {
			return fmt.Sprintf("%s states that %s is not affected in %s", e.Record, e.Package, e.Ecosystem)
		}
	}
	return "the publisher states that it is not affected"
}

// ask reads what the distribution's data says of an owner.
func (a *assembler) ask(o *owner) {
	if o.read {
		return
	}
	o.read, o.affected, o.named = true, map[string]string{}, map[string]string{}
	distinct := DistinctOf(o.pkg, a.distro)
	for _, k := range a.known(distinct) {
		if k.Finding.State == NotAffected {
			continue // the records below tell
		}
		for _, id := range k.Finding.IDs {
			o.affected[id] = k.Finding.ID
		}
		for _, e := range k.Finding.Evidence {
			o.affected[e.Record] = k.Finding.ID
		}
	}
	if a.named == nil {
		return
	}
	var records []*Record
	for _, k := range distinct.Keys() {
		records = append(records, a.named(k)...)
	}
	o.named = Spared(distinct, records)
}

// Spared says which vulnerabilities a package does not have by these records, which are filed under its keys: each id that
// a record bears which does not hold the version, or says that it is not affected, with the lowest id of such a record.
// What could not be compared, or is about another module or architecture, says nothing.
func Spared(p Package, records []*Record) map[string]string {
	out := map[string]string{}
	m := newMatcher(&p)
	if len(m.lookups) == 0 {
		return out
	}
	for _, r := range records {
		if _, says := m.match(r); says != spared && says != denied {
			continue
		}
		for _, id := range r.Names() {
			if out[id] == "" || r.ID < out[id] {
				out[id] = r.ID
			}
		}
	}
	return out
}

// kernelSources are source packages that build a kernel, by name up to a dash.
var kernelSources = []string{"linux", "kernel"}

// kernelHelpers are prefixes of packages that the kernel's source builds and that hold no kernel and no module of it.
var kernelHelpers = []string{"linux-libc-dev", "linux-headers", "linux-kbuild", "linux-compiler-", "linux-doc", "linux-source", "linux-glibc-devel", "kernel-headers", "kernel-doc", "kernel-srpm-macros", "kernel-rpm-macros"}

func kernelHelper(p *image.Package) bool {
	source := p.SourceName
	if source == "" {
		source = p.Name
	}
	fits := func(name, prefix string) bool { return strings.HasPrefix(name, prefix) }
	root, _, _ := strings.Cut(source, "-")
	if !slices.Contains(kernelSources, root) {
		return false
	}
	return slices.ContainsFunc(kernelHelpers, func(prefix string) bool { return fits(p.Name, prefix) })
}
