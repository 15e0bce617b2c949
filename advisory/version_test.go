package advisory

import (
	"bufio"
	"errors"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// orderedVersions reads testdata/versions.txt: ecosystems with rows of versions, and for each version its rank, which
// equal ones share.
func orderedVersions(t testing.TB) (rows []versionRow) {
	t.Helper()
	f, err := os.Open("testdata/versions.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[0] == "#" {
			continue
		}
		row := versionRow{ecosystem: strings.ReplaceAll(fields[0], "_", " "), versions: fields[1:2], ranks: []int{0}}
		rank := 0
		for i := 2; i < len(fields)-1; i += 2 {
			if fields[i] == "<" {
				rank++
			}
			row.versions, row.ranks = append(row.versions, fields[i+1]), append(row.ranks, rank)
		}
		rows = append(rows, row)
	}
	if len(rows) < 20 {
		t.Fatalf("only %d rows of versions", len(rows))
	}
	return rows
}

type versionRow struct {
	ecosystem string
	versions  []string
	ranks     []int
}

func TestVersionsAreOrderedAsTheirEcosystemDoes(t *testing.T) {
	t.Parallel()
	for _, row := range orderedVersions(t) {
		for i, a := range row.versions {
			for j, b := range row.versions {
				got, err := Compare(row.ecosystem, a, b)
				if err != nil {
					t.Errorf("%s: %v", row.ecosystem, err)
					continue
				}
				if want := row.ranks[i] - row.ranks[j]; sign(got) != sign(want) {
					t.Errorf("%s: %s against %s is %d, want %d", row.ecosystem, a, b, sign(got), sign(want))
				}
			}
		}
	}
}

func TestWhatIsNoVersionIsSaidToBeNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ecosystem, version string }{
		{"npm", ""}, {"npm", "latest"}, {"npm", "not a version"}, {"npm", "1..2"},
		{"Go", "(devel)"}, {"Go", ""}, {"PyPI", "2019-09-12x"}, {"PyPI", "dev"}, {"Alpine:v3.10", "1.7.5.-r1"}, {"Alpine:v3.10", "20240101-x"},
		{"Debian:12", "unknown"}, {"Debian:12", "1.0 -1"}, {"Packagist", "dev-master"}, {"RubyGems", "x.1"}, {"Maven", "1.0\n"},
		{"npm", "1." + strings.Repeat("0", maxVersion)}, {"Debian:12", strings.Repeat("9", 1<<20)},
		{"nobody's", "1.0"},
	} {
		if _, err := Compare(c.ecosystem, c.version, "1.0"); !errors.Is(err, ErrVersion) {
			t.Errorf("%s %.40q: %v, want ErrVersion", c.ecosystem, c.version, err)
		}
	}
	if !ValidVersion("nobody's", "anything") || ValidVersion("npm", "anything") {
		t.Error("ValidVersion must refuse what an order cannot read, and only that")
	}
}

// generators make versions as publishers write them, for each order.
var generators = map[string]*rapid.Generator[string]{
	"Debian":    rapid.StringMatching(`([0-2]:)?[0-9]{1,2}(\.[0-9]{1,2}){0,2}([a-z+~][a-z0-9]{1,3})?(-[0-9](\+deb1[0-2]u[0-9])?)?`),
	"AlmaLinux": rapid.StringMatching(`([0-2]:)?[0-9]{1,2}(\.[0-9a-b]{1,2}){0,2}([~^]rc[0-9])?-[0-9]\.el9(_[0-9])?`),
	"Alpine":    rapid.StringMatching(`[0-9]{1,2}(\.[1-9][0-9]?){0,2}[a-c]?(_(alpha|rc|git|p)[0-9])?-r[0-9]`),
	"npm":       rapid.StringMatching(`[0-9]{1,2}\.[0-9]{1,2}\.[0-9](-(alpha|beta|rc)(\.[0-9]{1,2}){0,2})?(\+b[0-9])?`),
	"Go":        rapid.StringMatching(`v?[0-9]{1,2}\.[0-9]{1,2}\.[0-9](-(rc|beta)\.[0-9])?`),
	"PyPI":      rapid.StringMatching(`([01]!)?[0-9]{1,2}(\.[0-9]{1,2}){0,3}((a|b|rc)[0-9])?(\.post[0-9])?(\.dev[0-9])?`),
	"RubyGems":  rapid.StringMatching(`[0-9]{1,2}(\.[0-9]{1,2}){0,3}(\.(a|beta|rc)[0-9]?)?`),
	"Maven":     rapid.StringMatching(`[0-9]{1,2}(\.[0-9]{1,2}){0,3}(-(alpha|beta|rc|SNAPSHOT|sp)(-[1-9])?)?`),
	"Packagist": rapid.StringMatching(`v?[0-9]{1,2}(\.[0-9]{1,2}){0,3}(-(dev|alpha|beta|RC|patch)[1-9])?`),
}

func TestVersionOrderIsTotal(t *testing.T) {
	t.Parallel()
	for ecosystem, versions := range generators {
		t.Run(ecosystem, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				a, b, c := versions.Draw(t, "a"), versions.Draw(t, "b"), versions.Draw(t, "c")
				compare := func(x, y string) int {
					n, err := Compare(ecosystem, x, y)
					if err != nil {
						t.Fatalf("%s against %s: %v", x, y, err)
					}
					return sign(n)
				}
				if compare(a, a) != 0 {
					t.Fatalf("%s differs from itself", a)
				}
				if compare(a, b) != -compare(b, a) {
					t.Fatalf("%s against %s is %d, the other way round %d", a, b, compare(a, b), compare(b, a))
				}
				if compare(a, b) <= 0 && compare(b, c) <= 0 && compare(a, c) > 0 {
					t.Fatalf("%s <= %s <= %s, but %s > %s", a, b, c, a, c)
				}
			})
		})
	}
}

// FuzzCompare: no input panics, what compares does so the same both ways, and a version equals itself.
func FuzzCompare(f *testing.F) {
	for _, row := range orderedVersions(f) {
		f.Add(row.ecosystem, row.versions[0], row.versions[1])
	}
	f.Add("PyPI", "1.0+\x00", "final-")
	f.Add("Maven", "-", "..")
	f.Fuzz(func(t *testing.T, ecosystem, a, b string) {
		c, err := Compare(ecosystem, a, b)
		if err != nil {
			if !errors.Is(err, ErrVersion) {
				t.Fatalf("another error than ErrVersion: %v", err)
			}
			return
		}
		if d, err := Compare(ecosystem, b, a); err != nil || sign(c) != -sign(d) {
			t.Fatalf("%s: %q against %q is %d, the other way round %d, %v", ecosystem, a, b, c, d, err)
		}
		if d, err := Compare(ecosystem, a, a); err != nil || d != 0 {
			t.Fatalf("%s: %q differs from itself: %d, %v", ecosystem, a, d, err)
		}
	})
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	default:
		return 0
	}
}
