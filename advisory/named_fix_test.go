package advisory

import (
	"strings"
	"testing"

	"landwaiter.dev/image"
)

// A fix that is named beside a range that ends with a last affected version counts where it comes after that, is one of the
// installed version's line, and is not held itself.
func TestFixesBesideTheRanges(t *testing.T) {
	t.Parallel()
	naming := func(fixes []NamedFix, ranges ...string) *Record {
		return with(about("A", "Maven", "g:x", ranges...), func(r *Record) { r.Affected[0].Fixes = fixes })
	}
	victims := []NamedFix{{Version: "2.9.1-redhat-1", Line: "2.9.1-redhat-"}, {Version: "2.10.0"}, {Version: "3.0"}}
	for _, c := range []struct {
		name, version string
		record        *Record
		state         FixState
		fixes         string
	}{
		{"the lowest", "2.9.0", naming(victims, "0..=2.9.1"), Fixed, "2.10.0"},
		{"of the installed line", "2.9.1-redhat-0", naming(victims, "0..=2.9.1-redhat-0"), Fixed, "2.9.1-redhat-1"},
		{"before the end", "2.9.0", naming([]NamedFix{{Version: "2.8"}, {Version: "2.9.1"}}, "0..=2.9.1"), FixUnknown, ""},
		{"held itself", "3.5", naming([]NamedFix{{Version: "3.10.2"}, {Version: "3.10.1"}, {Version: "3.10.3"}}, "3.0..=3.9.1", "3.10.1..=3.10.2"), Fixed, "3.10.3"},
		{"between two stretches", "3.5", naming([]NamedFix{{Version: "3.10.3"}, {Version: "3.10.1"}}, "3.0..=3.9.1", "3.10.2..=3.10.2"), Fixed, "3.10.1"},
		{"after the second", "3.10.2", naming([]NamedFix{{Version: "3.10.3"}, {Version: "3.10.1"}}, "3.0..=3.9.1", "3.10.2..=3.10.2"), Fixed, "3.10.3"},
		{"where a range has its own", "1.0", naming([]NamedFix{{Version: "1.5"}}, "0..2.0"), Fixed, "2.0"},
		{"without an end", "1.0", naming([]NamedFix{{Version: "1.5"}}, "0.."), NotFixed, ""},
	} {
		pkg := Package{Type: image.Maven, Ecosystem: "Maven", Namespace: "g", Name: "x", Version: c.version}
		findings, problems := Match(pkg, []*Record{c.record}, nil)
		if len(findings) != 1 || problems != nil {
			t.Errorf("%s: %v, problems %v", c.name, outline(findings), problems)
			continue
		}
		f := findings[0]
		if got := strings.Join(f.Fixes, " "); got != c.fixes || f.State != c.state || f.Evidence[0].Fixed != got || (f.Evidence[0].NoFix != "") != (c.state == FixUnknown) {
			t.Errorf("%s: %s, fixes %q, evidence %+v", c.name, f.State, got, f.Evidence[0])
		}
	}
	d := Describe([]string{"A"}, []*Record{naming(victims, "0..=2.9.1")}, Wanted{})
	if len(d) != 1 || d[0].Affected[0].State != Fixed || strings.Join(d[0].Affected[0].Fixes, " ") != "2.10.0 3.0" {
		t.Errorf("described as %+v", d)
	}
}
