package feed

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
)

func TestFixesThatAreNamedBesideTheRanges(t *testing.T) {
	t.Parallel()
	fix := func(versions ...string) (list []advisory.NamedFix) {
		for _, v := range versions {
			version, line, _ := strings.Cut(v, ",")
			list = append(list, advisory.NamedFix{Version: version, Line: line})
		}
		return list
	}
	const ends = `{"introduced":"0"},{"last_affected":"2.9.1"}`
	for _, c := range []struct {
		name, events, own string
		want              []advisory.NamedFix
		state             string
	}{
		{"victims", ends, `{"fixedin":[">=2.10.0",">=2.9.1-redhat-1,2.9.1-redhat-","==8.0.2","<=3.2.13,3.2",">=2.10.0"]}`, fix("2.10.0", "2.9.1-redhat-1,2.9.1-redhat-", "8.0.2"), ""},
		{"npm", ends, `{"patched_versions":">= 3.0.0 <4 || ~2.9.5||=2.9.7 || v5.0.0"}`, fix("3.0.0", "2.9.5", "2.9.7", "5.0.0"), ""},
		{"what comes after a version", ends, `{"patched_versions":"> 2.9.1"}`, nil, ""},
		{"none", ends, `{"patched_versions":"<0.0.0"}`, nil, "not-fixed"},
		{"none, with a blank", ends, `{"patched_versions":"<= 0.0.0"}`, nil, "not-fixed"},
		{"where the range has one", `{"introduced":"0"},{"fixed":"3"}`, `{"patched_versions":">=3.0.0"}`, nil, ""},
		{"other types", ends, `{"patched_versions":[1],"fixedin":{"a":">=1"}}`, nil, ""},
		{"a list of other types", ends, `{"fixedin":[1,null,{"a":1},">=3"]}`, fix("3"), ""},
		{"hostile", ends, `{"fixedin":[">=","","||",">=\u0000","` + strings.Repeat("9", 5000) + `",">=a",">=1\u0007"],"patched_versions":"` + strings.Repeat("||", 5000) + `"}`, nil, ""},
	} {
		raw := fmt.Sprintf(`{"id":"A","affected":[{"package":{"ecosystem":"Maven","name":"g:x"},"ranges":[{"type":"ECOSYSTEM","events":[%s]}],"database_specific":%s}]}`, c.events, c.own)
		r, err := parseRecord([]byte(raw))
		if r == nil || err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, r.Affected[0].Fixes); diff != "" || r.Affected[0].State != c.state {
			t.Errorf("%s: state %q (-want +got):\n%s", c.name, r.Affected[0].State, diff)
		}
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, `">=%d",`, i+3)
	}
	r, err := parseRecord(fmt.Appendf(nil, `{"id":"A","affected":[{"package":{"ecosystem":"Maven","name":"g:x"},"ranges":[{"type":"ECOSYSTEM","events":[%s]}],"database_specific":{"fixedin":[%s"x"]}}]}`, ends, many.String()))
	if err != nil || len(r.Affected[0].Fixes) != maxFixes {
		t.Errorf("of a thousand %d are kept: %v", len(r.Affected[0].Fixes), err)
	}
}
