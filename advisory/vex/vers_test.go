package vex

import (
	"strings"
	"testing"
)

func TestRangesOfVersions(t *testing.T) {
	t.Parallel()
	for text, c := range map[string]struct{ in, out string }{
		"vers:npm/*":                                 {"0.0.1 1.0.0 9.0.0", ""},
		"vers:npm/1.2.3":                             {"1.2.3 v1.2.3", "1.2.2 1.2.4"},
		"vers:npm/1.0.0|2.0.0":                       {"1.0.0 2.0.0", "1.5.0 3.0.0"},
		"vers:npm/>=1.0.0|<2.0.0":                    {"1.0.0 1.9.9", "0.9.0 2.0.0 1.0.0-rc1"},
		"vers:npm/>1.0.0|<=2.0.0":                    {"1.0.1 2.0.0", "1.0.0 2.0.1"},
		"vers:npm/<=2.0.0|>1.0.0":                    {"1.0.1 2.0.0", "1.0.0 2.0.1"}, // in whatever order
		"vers:npm/<1.0.0|>=2.0.0|<3.0.0":             {"0.1.0 2.0.0 2.9.0", "1.0.0 1.5.0 3.0.0"},
		"vers:npm/<1.0.0|>=2.0.0":                    {"0.1.0 2.0.0 9.0.0", "1.0.0 1.5.0"},
		"vers:npm/>=1.0.0|!=1.5.0|<2.0.0|2.5.0":      {"1.4.0 1.6.0 2.5.0", "1.5.0 2.0.0 2.4.0"},
		"vers:npm/!=1.5.0":                           {"1.4.0 9.0.0", "1.5.0"},
		"vers:deb/<3.0.11-1~deb12u2":                 {"3.0.9-1 3.0.11-1~deb12u1", "3.0.11-1 1:1.0-1"},
		"vers:deb/>=1%3A1.0-1":                       {"1:1.0-1 2:0.1-1", "9.0-1"},
		"vers:rpm/<1:2.0-1.el9":                      {"0:9.0-1.el9 1:1.9-1.el9", "1:2.0-1.el9 2:0.1-1"},
		"vers:alpine/< 1.2.3-r4":                     {"1.2.3-r3 1.2.3_rc1-r0", "1.2.3-r4 1.2.4-r0"},
		"vers:pypi/>=1.0|<2.0":                       {"1.0 1.9.post1", "1.0rc1 2.0"},
		"vers:golang/>=1.2.0|<1.3.0":                 {"v1.2.5 1.2.5", "v1.3.0"},
		"VERS:npm/1.0.0":                             {},
		"vers:npm":                                   {},
		"vers:npm/":                                  {}, // would be all versions
		"vers:npm/|":                                 {},
		"vers:npm/>=":                                {},
		"vers:npm/>=1.0.0|*":                         {},
		"vers:npm/>=1.0.0|>=1.0.0":                   {},
		"vers:npm/>=1.0.0|=v1.0.0":                   {},
		"vers:npm/>=1.0.0|>=2.0.0":                   {},
		"vers:npm/>=1.0.0,<2.0.0":                    {},
		"vers:npm/^1.0.0":                            {},
		"vers:npm/latest":                            {},
		"vers:npm/%zz":                               {},
		"vers:unheard/1.0":                           {},
		"[1.0,2.0)":                                  {},
		"vers:npm/" + strings.Repeat("1.0.0|", 1000): {},
		"vers:npm/" + strings.Repeat("1", 5000):      {},
		"vers:deb/" + strings.TrimSuffix(strings.Repeat("|1", 50), "|"): {},
	} {
		r, err := parseRange(text)
		if bad := c.in == ""; bad != (err != nil) {
			t.Errorf("%.60s: %v", text, err)
		}
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 300 {
				t.Errorf("%.60s: the error is %.400q", text, err)
			}
			continue
		}
		for _, v := range strings.Fields(c.in) {
			if !r.contains(v) {
				t.Errorf("%s does not contain %s", text, v)
			}
		}
		for _, v := range strings.Fields(c.out + " nonsense") {
			if r.contains(v) && !(v == "nonsense" && r.all) {
				t.Errorf("%s contains %s", text, v)
			}
		}
	}
}

// FuzzRange: nothing panics, and a range that can be read holds the versions that it names or not, as their comparators say.
func FuzzRange(f *testing.F) {
	for _, s := range []string{"vers:npm/>=1.0.0|<2.0.0", "vers:deb/<1%3A1", "vers:pypi/!=1.0|>0.5", "vers:npm/*", "vers:semver/1.0.0|2.0.0", "vers:"} {
		f.Add(s, "1.5.0")
	}
	f.Fuzz(func(t *testing.T, text, version string) {
		r, err := parseRange(text)
		if err != nil {
			return
		}
		_ = r.contains(version)
		for _, v := range r.equal {
			if !r.contains(v) {
				t.Fatalf("%q does not contain %q", text, v)
			}
		}
		for _, v := range r.not {
			if r.contains(v) {
				t.Fatalf("%q contains %q", text, v)
			}
		}
		for _, b := range r.bounds {
			if r.contains(b.version) != (len(b.comparator) == 2) {
				t.Fatalf("%q and its bound %q", text, b.version)
			}
		}
	})
}
