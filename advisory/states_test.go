package advisory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/image"
)

// stating makes a record of one package that states something of it, without ranges unless some are given.
func stating(id, ecosystem, name string, state FixState, ranges ...string) *Record {
	return with(about(id, ecosystem, name, ranges...), func(r *Record) { r.Affected[0].State = string(state) })
}

func TestWhatPublishersStateDecides(t *testing.T) {
	t.Parallel()
	const eco = "Red Hat:enterprise_linux:9"
	bundle := func(fixed string) *Record {
		return with(about("RHSA-2024:1", eco, "libx", "0.."+fixed), func(r *Record) { r.Related = []string{"CVE-2024-0001", "CVE-2024-0002"} })
	}
	pkg := Package{Type: image.RPM, Ecosystem: eco, Name: "libx", Version: "1.0-1.el9", Arch: "x86_64", SourceName: "x", SourceVersion: "1.0-1.el9"}
	for _, c := range []struct {
		name    string
		records []*Record
		want    []string // id, state, fixes; then "record: what it states" for each evidence
	}{
		{"a denial alone is no finding", []*Record{stating("REDHAT-CVE-2024-0001", eco, "libx", NotAffected)}, []string{}},
		{"a denial wins over a bundle, for its own vulnerability only", []*Record{bundle("2.0-1.el9"), stating("REDHAT-CVE-2024-0001", eco, "libx", NotAffected)}, []string{
			"CVE-2024-0001 not-affected 2.0-1.el9; REDHAT-CVE-2024-0001: not-affected all versions; RHSA-2024:1:  >= 0, < 2.0-1.el9",
			"CVE-2024-0002 fixed 2.0-1.el9; RHSA-2024:1:  >= 0, < 2.0-1.el9"}},
		{"of another release", []*Record{bundle("2.0-1.el9"), stating("REDHAT-CVE-2024-0001", "Red Hat:enterprise_linux:8", "libx", NotAffected)}, []string{
			"CVE-2024-0001 fixed 2.0-1.el9; RHSA-2024:1:  >= 0, < 2.0-1.el9",
			"CVE-2024-0002 fixed 2.0-1.el9; RHSA-2024:1:  >= 0, < 2.0-1.el9"}},
		{"of another package", []*Record{stating("REDHAT-CVE-2024-0001", eco, "liby", NotAffected), stating("X-CVE-2024-0001", eco, "libx", "", "0..")}, []string{
			"CVE-2024-0001 not-fixed; X-CVE-2024-0001:  >= 0"}},
		{"of other versions", []*Record{stating("REDHAT-CVE-2024-0001", eco, "libx", NotAffected, "2.0-1.el9.."), stating("X-CVE-2024-0001", eco, "libx", "", "0..")}, []string{
			"CVE-2024-0001 not-fixed; X-CVE-2024-0001:  >= 0"}},
		{"of this version", []*Record{stating("REDHAT-CVE-2024-0001", eco, "libx", NotAffected, "1.0-1.el9.."), stating("X-CVE-2024-0001", eco, "libx", "", "0..")}, []string{
			"CVE-2024-0001 not-affected; REDHAT-CVE-2024-0001: not-affected >= 1.0-1.el9; X-CVE-2024-0001:  >= 0"}},
		{"under investigation counts", []*Record{stating("REDHAT-CVE-2024-0001", eco, "libx", UnderInvestigation, "0..")}, []string{
			"CVE-2024-0001 under-investigation; REDHAT-CVE-2024-0001: under-investigation >= 0"}},
		{"a fix that is known is more than a statement without one", []*Record{bundle("2.0-1.el9"), stating("REDHAT-CVE-2024-0001", eco, "libx", WontFix, "0..")}, []string{
			"CVE-2024-0001 fixed 2.0-1.el9; REDHAT-CVE-2024-0001: wont-fix >= 0; RHSA-2024:1:  >= 0, < 2.0-1.el9",
			"CVE-2024-0002 fixed 2.0-1.el9; RHSA-2024:1:  >= 0, < 2.0-1.el9"}},
		{"the record about the vulnerability itself decides", []*Record{
			with(stating("A-1", eco, "libx", UnderInvestigation, "0.."), func(r *Record) { r.Related = []string{"CVE-2024-0001"} }),
			stating("REDHAT-CVE-2024-0001", eco, "libx", WontFix, "0..")}, []string{
			"CVE-2024-0001 wont-fix; A-1: under-investigation >= 0; REDHAT-CVE-2024-0001: wont-fix >= 0"}},
		{"within one record what holds wins", []*Record{with(stating("REDHAT-CVE-2024-0001", eco, "libx", NotAffected), func(r *Record) {
			r.Affected = append(r.Affected, about("", eco, "libx", "0..").Affected...)
		})}, []string{"CVE-2024-0001 not-fixed; REDHAT-CVE-2024-0001:  >= 0"}},
	} {
		findings, problems := Match(pkg, c.records, nil)
		got := []string{}
		for _, f := range findings {
			line := strings.TrimSpace(fmt.Sprintf("%s %s %s", f.ID, f.State, strings.Join(f.Fixes, ",")))
			for _, e := range f.Evidence {
				line += fmt.Sprintf("; %s: %s %s", e.Record, e.State, e.Range)
			}
			got = append(got, line)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || problems != nil {
			t.Errorf("%s: problems %v\n%s", c.name, problems, diff)
		}
	}
}

// A last affected version says nothing of a fix; what other records say of one does.
func TestALastAffectedVersionIsNoFix(t *testing.T) {
	t.Parallel()
	ends := with(about("GHSA-aaaa-bbbb-cccc", "Maven", "log4j:log4j", "1.2..=1.2.17"), func(r *Record) { r.Aliases = []string{"CVE-2019-17571"} })
	other := func(ranges ...string) *Record {
		return with(about("OTHER-1", "Maven", "log4j:log4j", ranges...), func(r *Record) { r.Aliases = []string{"CVE-2019-17571"} })
	}
	const told = "the record names no fix: versions after 1.2.17 are not listed as affected"
	disputed := about("GHSA-aaaa-bbbb-cccc", "Maven", "log4j:log4j", "0..1.3")
	disputed.Affected[0].Versions = []string{"1.3"}
	for _, c := range []struct {
		name    string
		records []*Record
		state   FixState
		noFix   []string
	}{
		{"alone", []*Record{ends}, FixUnknown, []string{told}},
		{"another ends too", []*Record{ends, other("0..=1.2.17")}, FixUnknown, []string{told, told}},
		{"another names a fix", []*Record{ends, other("0..1.3")}, Fixed, []string{told, ""}},
		{"another holds all later versions", []*Record{ends, other("0..")}, NotFixed, []string{told, ""}},
		{"another part of the record ends later", []*Record{with(about("A", "Maven", "log4j:log4j", "1.2..=1.2.17"), func(r *Record) {
			r.Affected = append(r.Affected, about("", "Maven", "log4j:log4j", "1.2.5..=1.4").Affected...)
		})}, FixUnknown, []string{"the record names no fix: versions after 1.4 are not listed as affected"}},
		{"the fix is listed as affected", []*Record{disputed}, FixUnknown, []string{"the record names 1.3 as the fix, and lists it as affected"}},
		{"the publisher will not fix it", []*Record{stating("GHSA-aaaa-bbbb-cccc", "Maven", "log4j:log4j", WontFix, "0..=1.2.17")}, WontFix, []string{told}},
	} {
		pkg := Package{Type: image.Maven, Ecosystem: "Maven", Namespace: "log4j", Name: "log4j", Version: "1.2.17"}
		findings, problems := Match(pkg, c.records, nil)
		if len(findings) != 1 || problems != nil {
			t.Errorf("%s: %v, problems %v", c.name, outline(findings), problems)
			continue
		}
		var noFix []string
		for _, e := range findings[0].Evidence {
			noFix = append(noFix, e.NoFix)
		}
		if diff := cmp.Diff(c.noFix, noFix); diff != "" || findings[0].State != c.state || (findings[0].Fixes != nil) != (c.state == Fixed) {
			t.Errorf("%s: %s, fixes %q\n%s", c.name, findings[0].State, findings[0].Fixes, diff)
		}
	}
}

func TestADenialJoinsLanguageRecordsByAlias(t *testing.T) {
	t.Parallel()
	ghsa := with(about("GHSA-aaaa-bbbb-cccc", "PyPI", "x", "0..2.0"), func(r *Record) { r.Aliases = []string{"CVE-2024-0001"} })
	denial := with(stating("VENDOR-1", "PyPI", "x", NotAffected), func(r *Record) { r.Aliases = []string{"CVE-2024-0001"}; r.Word = "critical" })
	findings, _ := Match(python("x", "1.0"), []*Record{ghsa, denial}, nil)
	if diff := cmp.Diff([]string{"GHSA-aaaa-bbbb-cccc Unknown not-affected 2.0"}, outline(findings)); diff != "" {
		t.Error(diff)
	}
}

func TestSourceEntriesOfRedHat(t *testing.T) {
	t.Parallel()
	const eco = "Red Hat:enterprise_linux:9"
	ofSource := func(r *Record) *Record { r.Affected[0].Arches = []string{SourceArch}; return r }
	binary := Package{Type: image.RPM, Ecosystem: eco, Name: "libx", Version: "1:1.0-1.el9", Arch: "x86_64", SourceName: "x", SourceVersion: "1.0-1.el9"}
	same := Package{Type: image.RPM, Ecosystem: eco, Name: "x", Version: "1:1.0-1.el9", Arch: "x86_64", SourceName: "x", SourceVersion: "1.0-1.el9"}
	both := ofSource(about("REDHAT-CVE-2024-0001", eco, "x", "0.."))
	both.Affected = append(both.Affected, stating("", eco, "libx", NotAffected).Affected...)
	for _, c := range []struct {
		name   string
		pkg    Package
		record *Record
		found  int
	}{
		{"the source package, of its binary", binary, ofSource(about("REDHAT-CVE-2024-0001", eco, "x", "0..1:1.1-1.el9")), 1},
		{"the source package, fixed", binary, ofSource(about("REDHAT-CVE-2024-0001", eco, "x", "0..1:1.0-1.el9")), 0},
		{"the source package, of a binary with the same name", same, ofSource(about("REDHAT-CVE-2024-0001", eco, "x", "0..")), 1},
		{"a binary package with the name of the source", binary, about("REDHAT-CVE-2024-0001", eco, "x", "0.."), 0},
		{"a source package with the name of the binary", binary, ofSource(about("REDHAT-CVE-2024-0001", eco, "libx", "0..")), 0},
		{"the binary itself is nearer than its source", binary, both, 0},
	} {
		findings, problems := Match(c.pkg, []*Record{c.record}, nil)
		if len(findings) != c.found || problems != nil {
			t.Errorf("%s: %v, problems %v", c.name, outline(findings), problems)
		}
	}
}

func TestDeniedFindingsAreIgnoredWithTheirRecord(t *testing.T) {
	t.Parallel()
	bookworm := image.Distro{ID: "debian", VersionID: "12"}
	owner := image.Package{Type: image.Deb, Name: "python3-x", Version: "1.0-1", SourceName: "python-x", SourceVersion: "1.0-1"}
	ref := owner.Ref()
	owned := image.Package{Type: image.Python, Name: "x", Version: "1.0", OwnedBy: &ref}
	language := with(about("PYSEC-1", "PyPI", "x", "0..2.0"), func(r *Record) { r.Aliases = []string{"CVE-2024-0001"} })
	holds := about("DEBIAN-CVE-2024-0001", "Debian:12", "python-x", "0..")
	denies := stating("VEX-CVE-2024-0001", "Debian:12", "python-x", NotAffected)
	const here = "VEX-CVE-2024-0001 states that python-x is not affected in Debian:12"
	const there = "the distribution's package python3-x 1.0-1, which holds this one, is not affected by VEX-CVE-2024-0001"
	for _, c := range []struct {
		name    string
		records []*Record
		want    []string
	}{
		{"denied", []*Record{holds, denies, language}, []string{"deb: " + here, "pypi: " + there}},
		{"denied where nothing holds", []*Record{denies, language}, []string{"pypi: " + there}},
		{"under investigation counts", []*Record{stating("VEX-CVE-2024-0001", "Debian:12", "python-x", UnderInvestigation, "0..")}, []string{"deb: "}},
	} {
		d := file(c.records...)
		got := []string{}
		for _, f := range Assemble([]image.Package{owner, owned}, bookworm, d.known, d.of) {
			got = append(got, fmt.Sprintf("%s: %s", f.Package.Type, f.Ignored))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}
