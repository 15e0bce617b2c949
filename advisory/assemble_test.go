package advisory

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/image"
)

// data is a small set of records, filed as a store files them.
type data map[Key][]*Record

func file(records ...*Record) data {
	d := data{}
	for _, r := range records {
		for _, k := range r.Keys() {
			d[k] = append(d[k], r)
		}
	}
	return d
}

func (d data) of(k Key) []*Record { return d[k] }

func (d data) known(p Package) (list []Knowledge) {
	var records []*Record
	for _, k := range p.Keys() {
		records = append(records, d[k]...)
	}
	findings, _ := Match(p, records, nil)
	for _, f := range findings {
		list = append(list, Knowledge{Finding: f, Since: time.Unix(1, 0), FixSince: time.Unix(2, 0)})
	}
	return list
}

func TestTheOwnersDistributionDecides(t *testing.T) {
	t.Parallel()
	bookworm := image.Distro{ID: "debian", VersionID: "12"}
	owner := image.Package{Type: image.Deb, Name: "python3-x", Version: "1.0-1+deb12u1", Arch: "all", SourceName: "python-x", SourceVersion: "1.0-1+deb12u1"}
	ref := owner.Ref()
	owned := image.Package{Type: image.Python, Name: "x", Version: "1.0", OwnedBy: &ref}
	free := image.Package{Type: image.Python, Name: "x", Version: "1.0", Location: "opt/x"}
	language := with(about("PYSEC-1", "PyPI", "x", "0..2.0"), func(r *Record) { r.Aliases = []string{"CVE-2024-0001"} })
	debianSays := func(id string, fixed string, upstream ...string) *Record {
		return with(about(id, "Debian:12", "python-x", "0.."+fixed), func(r *Record) { r.Upstream = upstream })
	}
	for _, c := range []struct {
		name    string
		owned   image.Package
		records []*Record
		want    []string // package, id, beginning of the reason
	}{
		{"silent: it stays", owned, []*Record{language}, []string{"pypi CVE-2024-0001 counts"}},
		{"affected: the distribution's is the one finding", owned, []*Record{language, debianSays("DEBIAN-CVE-2024-0001", "1.0-2", "CVE-2024-0001")},
			[]string{"deb CVE-2024-0001 counts", "pypi CVE-2024-0001 the distribution reports it as CVE-2024-0001 of its package python3-x"}},
		{"fixed: ignored", owned, []*Record{language, debianSays("DSA-1-1", "1.0-1+deb12u1", "CVE-2024-0009", "CVE-2024-0001")},
			[]string{"pypi CVE-2024-0001 the distribution's package python3-x 1.0-1+deb12u1, which holds this one, is not affected by DSA-1-1"}},
		{"another vulnerability says nothing", owned, []*Record{language, debianSays("DEBIAN-CVE-2024-0002", "1.0-1", "CVE-2024-0002")}, []string{"pypi CVE-2024-0001 counts"}},
		{"another release says nothing", owned, []*Record{language, with(about("DEBIAN-CVE-2024-0001", "Debian:11", "python-x", "0..0.9"), func(*Record) {})}, []string{"pypi CVE-2024-0001 counts"}},
		{"a withdrawn record says nothing", owned, []*Record{language, with(debianSays("DSA-1-1", "1.0-1", "CVE-2024-0001"), func(r *Record) { r.Withdrawn = time.Unix(1, 0) })}, []string{"pypi CVE-2024-0001 counts"}},
		{"what cannot be compared says nothing", owned, []*Record{language, debianSays("DSA-1-1", "no version", "CVE-2024-0001")}, []string{"pypi CVE-2024-0001 counts"}},
		{"nobody owns it", free, []*Record{language, debianSays("DSA-1-1", "1.0-1", "CVE-2024-0001")}, []string{"pypi CVE-2024-0001 counts"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := file(c.records...)
			got := []string{}
			for _, f := range Assemble([]image.Package{owner, c.owned}, bookworm, d.known, d.of) {
				line := fmt.Sprintf("%s %s %s", f.Package.Type, f.ID, "counts")
				if f.Ignored != "" {
					line = fmt.Sprintf("%s %s %s", f.Package.Type, f.ID, f.Ignored)
				}
				got = append(got, strings.TrimSuffix(line, ", which holds this one"))
				if f.Since != time.Unix(1, 0) || f.FixSince != time.Unix(2, 0) || f.Distinct != DistinctOf(&f.Package, bookworm) {
					t.Errorf("%s lost what is known of it: %+v", f.ID, f)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKernelHelpersHoldNoKernel(t *testing.T) {
	t.Parallel()
	d := file(with(about("DEBIAN-CVE-2024-0001", "Debian:12", "linux", "0.."), func(*Record) {}), about("DEBIAN-CVE-2024-0002", "Debian:12", "linux-tools-x", "0.."))
	pkg := func(name, source string) image.Package {
		return image.Package{Type: image.Deb, Name: name, Version: "6.1.1-1", SourceName: source}
	}
	for name, ignored := range map[string]bool{
		"linux-libc-dev": true, "linux-headers-6.1.0-1-common": true, "linux-kbuild-6.1": true,
		"linux-image-6.1.0-1-amd64": false, "linux-modules-6.1": false,
	} {
		findings := Assemble([]image.Package{pkg(name, "linux")}, image.Distro{ID: "debian", VersionID: "12"}, d.known, nil)
		if len(findings) != 1 || (findings[0].Ignored != "") != ignored {
			t.Errorf("%s: %+v, want ignored %v", name, findings, ignored)
		}
	}
	// The name alone is no reason: the source package must be the kernel.
	d = file(about("DEBIAN-CVE-2024-0002", "Debian:12", "other", "0.."))
	if f := Assemble([]image.Package{pkg("linux-headers-x", "other")}, image.Distro{ID: "debian", VersionID: "12"}, d.known, nil); len(f) != 1 || f[0].Ignored != "" {
		t.Errorf("a package of another source was ignored: %+v", f)
	}
}

func TestTheSamePackageTwiceHasItsFindingsTwice(t *testing.T) {
	t.Parallel()
	d := file(about("PYSEC-1", "PyPI", "x", "0.."))
	pkgs := []image.Package{{Type: image.Python, Name: "x", Version: "1", Location: "a"}, {Type: image.Python, Name: "x", Version: "1", Location: "b"}}
	findings := Assemble(pkgs, image.Distro{}, d.known, d.of)
	if len(findings) != 2 || findings[0].Package.Location != "a" || findings[1].Package.Location != "b" {
		t.Errorf("%+v", findings)
	}
}
