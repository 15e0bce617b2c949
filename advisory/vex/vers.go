package vex

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"landwaiter.dev/advisory"
)

// Bounds of a range of versions: its text in bytes, and its constraints.
const (
	maxRange       = 4096
	maxConstraints = 100
)

// rangeSchemes says by which ecosystem's order a versioning scheme of "vers:" is compared, and which types of package URLs
// it is for. A scheme that has no order here is no range that can be read.
var rangeSchemes = map[string]struct {
	ecosystem string
	types     []string
}{
	"deb": {"Debian", []string{"deb"}}, "rpm": {"Red Hat", []string{"rpm"}}, "apk": {"Alpine", []string{"apk"}}, "alpine": {"Alpine", []string{"apk"}},
	"npm": {"npm", []string{"npm"}}, "pypi": {"PyPI", []string{"pypi"}}, "maven": {"Maven", []string{"maven"}}, "gem": {"RubyGems", []string{"gem"}},
	"golang": {"Go", []string{"golang"}}, "cargo": {"crates.io", []string{"cargo"}}, "nuget": {"NuGet", []string{"nuget"}},
	"composer": {"Packagist", []string{"composer"}}, "pub": {"Pub", []string{"pub"}}, "hex": {"Hex", []string{"hex"}},
	"hackage": {"Hackage", []string{"hackage"}}, "cran": {"CRAN", []string{"cran"}}, "swift": {"SwiftURL", []string{"swift"}},
	"semver": {"npm", []string{"npm", "golang", "cargo", "hex", "pub", "swift", "julia", "generic"}},
}

// versRange is a range of versions in the notation of package URLs: "vers:npm/>=1.0|<2.0|!=1.5". Libraries for it bring
// orders of versions of their own, which are not those by which packages are matched here.
type versRange struct {
	scheme string
	// all stands for "*".
	all bool
	// bounds are the constraints with <, <=, > and >= by version; a lower one and an upper one take turns.
	bounds []constraint
	// equal and not are the versions with = and !=.
	equal, not []string
}

type constraint struct {
	comparator, version string
}

func (c constraint) lower() bool { return c.comparator[0] == '>' }

// parseRange reads a range. What is not sound is an error: a range read wrongly might hide a finding.
func parseRange(text string) (*versRange, error) {
	if len(text) > maxRange {
		return nil, fmt.Errorf("the range of versions is longer than %d bytes", maxRange)
	}
	rest, is := strings.CutPrefix(strings.ReplaceAll(text, " ", ""), "vers:")
	scheme, list, hasList := strings.Cut(rest, "/")
	if !is || !hasList {
		return nil, fmt.Errorf("%.80q is no range of versions: want one like vers:npm/>=1.0|<2.0", line(text))
	}
	r := &versRange{scheme: strings.ToLower(scheme)}
	if _, known := rangeSchemes[r.scheme]; !known {
		return nil, fmt.Errorf("the range %.80q has versions of the scheme %.40q, which cannot be compared here", line(text), line(scheme))
	}
	if list == "*" {
		r.all = true
		return r, nil
	}
	parts := strings.Split(strings.Trim(list, "|"), "|")
	if len(parts) > maxConstraints {
		return nil, fmt.Errorf("the range of versions has more than %d parts", maxConstraints)
	}
	constraints := make([]constraint, 0, len(parts))
	for _, part := range parts {
		c, err := parseConstraint(part)
		if err == nil {
			_, err = r.compare(c.version, c.version)
		}
		if err != nil {
			return nil, fmt.Errorf("the range %.80q cannot be read: %w", line(text), err)
		}
		constraints = append(constraints, c)
	}
	slices.SortFunc(constraints, func(a, b constraint) int { n, _ := r.compare(a.version, b.version); return n })
	for i, c := range constraints {
		if i > 0 {
			if n, err := r.compare(constraints[i-1].version, c.version); err != nil || n == 0 {
				return nil, fmt.Errorf("the range %.80q names the version %.40q twice", line(text), line(c.version))
			}
		}
		switch c.comparator {
		case "=":
			r.equal = append(r.equal, c.version)
		case "!=":
			r.not = append(r.not, c.version)
		default:
			r.bounds = append(r.bounds, c)
		}
	}
	for i := 1; i < len(r.bounds); i++ {
		if r.bounds[i].lower() == r.bounds[i-1].lower() {
			return nil, fmt.Errorf("the range %.80q has two bounds of one kind beside each other", line(text))
		}
	}
	return r, nil
}

// parseConstraint reads one part: a comparator, none for "=", and a version, which may be percent-encoded.
func parseConstraint(part string) (constraint, error) {
	c := constraint{comparator: "=", version: part}
	for _, comparator := range []string{"!=", "<=", ">=", "<", ">", "="} {
		if rest, is := strings.CutPrefix(part, comparator); is {
			c = constraint{comparator, rest}
			break
		}
	}
	version, err := url.PathUnescape(c.version)
	if err != nil || version == "" || strings.ContainsAny(c.version, "<>=!*|,") {
		return c, fmt.Errorf("%.80q is no version with a comparator", line(part))
	}
	c.version = version
	return c, nil
}

func (r *versRange) compare(a, b string) (int, error) {
	return advisory.Compare(rangeSchemes[r.scheme].ecosystem, a, b)
}

// isFor says whether the range compares versions of a type of package URLs.
func (r *versRange) isFor(purlType string) bool {
	return slices.Contains(rangeSchemes[r.scheme].types, purlType)
}

// weight is how many names it counts for: comparing versions takes longer than comparing names.
func (r *versRange) weight() int { return 8 * (1 + len(r.bounds) + len(r.equal) + len(r.not)) }

// contains says whether a version is in the range. One that cannot be compared is not.
func (r *versRange) contains(version string) bool {
	if r.all {
		return true
	}
	is := func(one string) bool { n, err := r.compare(version, one); return err == nil && n == 0 }
	switch {
	case slices.ContainsFunc(r.equal, is):
		return true
	case slices.ContainsFunc(r.not, is):
		return false
	case len(r.bounds) == 0:
		if len(r.equal) > 0 {
			return false
		}
		_, err := r.compare(version, version)
		return err == nil // all but those that are left out
	}
	// Bounds take turns: the one before the version, where there is one, or the one after it says where it is.
	for i, b := range r.bounds {
		n, err := r.compare(version, b.version)
		switch {
		case err != nil:
			return false
		case n == 0:
			return len(b.comparator) == 2
		case n < 0:
			return !b.lower() && (i == 0 || r.bounds[i-1].lower())
		}
	}
	return r.bounds[len(r.bounds)-1].lower()
}
