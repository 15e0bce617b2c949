package advisory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/image"
)

// ranging makes an entry of x with one range; events are written as "+introduced", "-fixed" and "=last affected".
func ranging(events string, versions ...string) Affected {
	r := Range{Type: "ECOSYSTEM"}
	for _, word := range strings.Fields(events) {
		e, text := Event{}, word[1:]
		switch word[0] {
		case '+':
			e.Introduced = text
		case '-':
			e.Fixed = text
		case '=':
			e.LastAffected = text
		}
		r.Events = append(r.Events, e)
	}
	return Affected{Ecosystem: "npm", Package: "x", Ranges: []Range{r}, Versions: versions}
}

func TestTheStretchThatHoldsAVersion(t *testing.T) {
	t.Parallel()
	entries := func(list ...Affected) []Affected { return list }
	of := func(events ...string) (list []Affected) {
		for _, e := range events {
			list = append(list, ranging(e))
		}
		return list
	}
	several := ranging("+1.0.0 -1.5.0")
	several.Ranges = append(several.Ranges, ranging("+1.4.0 -1.6.0").Ranges...)
	other := ranging("+1.0.0 -9.0.0")
	other.Package = "y"
	windows := ranging("+1.0.0 -1.5.0")
	windows.Platforms = []string{"a:vendor:thing"}
	for _, c := range []struct {
		name, version string
		entries       []Affected
		want          string // range → fixes; "" when it is not affected
	}{
		{"a later fix is of another stretch", "5.5.21", of("+5.5.0 =5.5.49 +6.0.0 -6.18.31"), ">= 5.5.0, <= 5.5.49 → "},
		{"after the last affected one", "5.5.50", of("+5.5.0 =5.5.49 +6.0.0 -6.18.31"), ""},
		{"the stretch after it", "6.0.1", of("+5.5.0 =5.5.49 +6.0.0 -6.18.31"), ">= 6.0.0, < 6.18.31 → 6.18.31"},

		{"two entries that touch", "1.21.0", of("+0 -1.20.11 +1.21.0-0 -1.21.4", "+1.20.11 -1.20.12 +1.21.4 -1.21.5"), ">= 1.21.0-0, < 1.21.5 → 1.21.5"},
		{"the other pair of them", "1.19.8", of("+0 -1.20.11 +1.21.0-0 -1.21.4", "+1.20.11 -1.20.12 +1.21.4 -1.21.5"), ">= 0, < 1.20.12 → 1.20.12"},
		{"two entries that overlap", "2.6.0", of("+1.0.0 -3.1.1", "+0 -2.6.7"), ">= 0, < 3.1.1 → 3.1.1"},
		{"in whatever order", "2.6.0", of("+0 -2.6.7", "+1.0.0 -3.1.1"), ">= 0, < 3.1.1 → 3.1.1"},
		{"one inside the other", "2.6.0", of("+0 -9.0.0", "+2.0.0 -3.0.0"), ">= 0, < 9.0.0 → 9.0.0"},
		{"two ranges of one entry", "1.2.0", entries(several), ">= 1.0.0, < 1.6.0 → 1.6.0"},
		{"fixed and introduced again", "0.1.43", of("+0.0.0-0 -0.2.0 +0.2.0 -0.2.1 +0.2.1 -0.2.23"), ">= 0.0.0-0, < 0.2.23 → 0.2.23"},
		{"stretches apart", "2.1.0", of("+0 -1.5.0 +2.0.0 -2.5.0 +3.0.0 -3.5.0"), ">= 2.0.0, < 2.5.0 → 2.5.0"},
		{"held again without end", "1.0.0", of("+0 -1.5.0", "+1.2.0"), ">= 0 → "},
		{"held again up to a last version", "1.0.0", of("+0 -1.5.0", "+1.2.0 =1.9.0"), ">= 0, <= 1.9.0 → "},
		{"the last affected one is where another begins", "1.0.0", of("+0 =1.5.0", "+1.5.0 -1.9.0"), ">= 0, < 1.9.0 → 1.9.0"},
		{"another package", "1.2.0", entries(ranging("+1.0.0 -1.5.0"), other), ">= 1.0.0, < 1.5.0 → 1.5.0"},
		{"the fix is listed as affected", "1.0.0", entries(ranging("+0 -1.5.0", "1.0.0", "1.5.0")), ">= 0, < 1.5.0 → "},
		{"and another stretch has one", "1.0.0", entries(ranging("+0 -1.5.0 +2.0.0 -2.5.0", "1.0.0", "1.5.0")), ">= 0, < 1.5.0 → 2.5.0"},
		{"what holds under a condition", "1.2.0", entries(windows, ranging("+1.5.0 -1.9.0")), ">= 1.0.0, < 1.5.0 (only with vendor:thing) → 1.9.0"},
		{"a version that is none elsewhere", "1.2.0", of("+1.0.0 -1.5.0", "+nonsense -1.9.0"), ">= 1.0.0, < 1.5.0 → 1.5.0"},
	} {
		p := Package{Type: image.NPM, Ecosystem: "npm", Name: "x", Version: c.version}
		got := ""
		findings, _ := Match(p, []*Record{{ID: "A", Affected: c.entries}}, nil)
		for _, f := range findings {
			got += f.Evidence[0].Range + " → " + strings.Join(f.Fixes, ",")
			if fixed := strings.Join(f.Fixes, ","); f.Evidence[0].Fixed != fixed {
				t.Errorf("%s: the evidence says fixed in %q", c.name, f.Evidence[0].Fixed)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

// What is shown as the fix is not affected by the record that names it, whatever its entries are.
func FuzzTheFixIsNotAffected(f *testing.F) {
	f.Add(uint64(1), "1.2.0")
	f.Add(uint64(0xfeedbeefcafe), "2.0.1")
	f.Add(uint64(0x123456789abcdef), "0.3.0")
	f.Fuzz(func(t *testing.T, seed uint64, version string) {
		next := func(n uint64) uint64 { // a few small numbers out of the seed
			seed = seed*6364136223846793005 + 1442695040888963407
			return seed >> 33 % n
		}
		r := &Record{ID: "A"}
		for range 1 + next(4) {
			events := ""
			for range 1 + next(5) {
				events += fmt.Sprintf(" %c%d.%d.0", "+-+-="[next(5)], next(3), next(4))
			}
			r.Affected = append(r.Affected, ranging(events))
		}
		p := Package{Type: image.NPM, Ecosystem: "npm", Name: "x", Version: version}
		findings, _ := Match(p, []*Record{r}, nil)
		if len(findings) == 0 {
			return
		}
		for _, fix := range findings[0].Fixes {
			if c, err := Compare("npm", fix, version); err != nil || c <= 0 {
				t.Errorf("%s is fixed in %s: %v", version, fix, r.Affected)
			}
			p.Version = fix
			if again, _ := Match(p, []*Record{r}, nil); len(again) > 0 {
				t.Errorf("%s is fixed in %s, which has it too: %v", version, fix, r.Affected)
			}
		}
	})
}
