package advisory

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// The order of versions that NVD writes. The products have no rule in common; this one reads numbers, releases before a
// version ("rc1", "alpha2"), letters after it ("1.1.1k", "1.0.2zh") and updates of it ("-update392", "p2"). Any other word
// is not understood, and the record is then not compared: nothing is guessed.
//
// A version is a list of steps, and a missing step is the number 0: 1.2 is 1.2.0. Of two steps, what comes before a release
// is lowest, then 0, then letters, then updates, then the other numbers.

var cpeOrder = order{name: "CPE", valid: cpePattern.MatchString, parse: func(s string) (semantic.Version, error) { return parseCPEVersion(s) }}

var (
	cpePattern = regexp.MustCompile(`^[vV]?[0-9][0-9A-Za-z._~+-]*$`)
	cpeSteps   = regexp.MustCompile(`[0-9]+|[A-Za-z]+`)
)

// step is one part of a version.
type step struct {
	rank int8
	// text of letters, or a number without its leading zeros.
	text string
}

// Ranks of steps, lowest first.
const (
	beforeDev int8 = iota - 5
	beforeAlpha
	beforeBeta
	beforePreview
	beforeCandidate
	zero
	letters
	update
	number
)

var cpeWords = map[string]int8{
	"dev": beforeDev, "snapshot": beforeDev, "alpha": beforeAlpha, "beta": beforeBeta, "preview": beforePreview, "pre": beforePreview,
	"milestone": beforePreview, "rc": beforeCandidate, "cr": beforeCandidate, "p": update, "patch": update, "pl": update, "update": update,
	"u": update, "sp": update, "hotfix": update,
	// These are the release itself.
	"final": zero, "ga": zero, "release": zero, "stable": zero,
}

// cpeShort are what a single letter means before a number: 3.13.0b2 is a beta, 1.0.2b is not.
var cpeShort = map[string]int8{"a": beforeAlpha, "b": beforeBeta, "c": beforeCandidate}

type cpeVersion []step

func parseCPEVersion(s string) (cpeVersion, error) {
	s, _, _ = strings.Cut(strings.ToLower(strings.TrimLeft(s, "vV")), "+")
	parts := cpeSteps.FindAllString(s, -1)
	var v cpeVersion
	for i, part := range parts {
		if part[0] <= '9' {
			n := strings.TrimLeft(part, "0")
			if n == "" {
				v = append(v, step{zero, ""})
			} else {
				v = append(v, step{number, n})
			}
			continue
		}
		rank, known := cpeWords[part]
		numbered := i+1 < len(parts) && parts[i+1][0] <= '9' && strings.Contains(s, part+parts[i+1])
		if short, ok := cpeShort[part]; ok && numbered {
			rank, known = short, true
		}
		text := ""
		switch {
		case known && (rank != update || numbered || len(part) > 1):
		case len(part) <= 2:
			rank, text = letters, part
		default:
			return nil, ErrVersion
		}
		v = v.trim()
		if rank != zero {
			v = append(v, step{rank, text})
		}
	}
	return v.trim(), nil
}

// trim drops the zeros at the end, but for those of a lone 0.
func (v cpeVersion) trim() cpeVersion {
	for len(v) > 1 && v[len(v)-1].rank == zero {
		v = v[:len(v)-1]
	}
	return v
}

func (v cpeVersion) at(i int) step {
	if i < len(v) {
		return v[i]
	}
	return step{zero, ""}
}

var errOtherOrder = errors.New("a version of another order")

// Compare is negative when v is older than w.
func (v cpeVersion) Compare(w semantic.Version) (int, error) {
	o, ok := w.(cpeVersion)
	if !ok {
		return 0, errOtherOrder
	}
	for i := range max(len(v), len(o)) {
		a, b := v.at(i), o.at(i)
		c := cmp.Compare(a.rank, b.rank)
		if c == 0 && a.rank == number {
			c = cmp.Compare(len(a.text), len(b.text))
		}
		if c == 0 {
			c = strings.Compare(a.text, b.text)
		}
		if c != 0 {
			return c, nil
		}
	}
	return 0, nil
}

// CompareStr is [cpeVersion.Compare] with a text.
func (v cpeVersion) CompareStr(s string) (int, error) {
	w, err := parseCPEVersion(s)
	if err != nil {
		return 0, err
	}
	return v.Compare(w)
}

// listedByOrder says whether a version is one of a list, in the order of its ecosystem: 3.0.0-rc1 is 3.0.0rc1.
func (p *parsedVersion) listedByOrder(versions []string) bool {
	return p.err == nil && slices.ContainsFunc(versions, func(text string) bool {
		m := p.mark(text)
		return m.err == nil && m.installed == 0
	})
}
