package advisory

import (
	"math"
	"strings"

	cvss20 "github.com/pandatix/go-cvss/20"
	cvss30 "github.com/pandatix/go-cvss/30"
	cvss31 "github.com/pandatix/go-cvss/31"
	cvss40 "github.com/pandatix/go-cvss/40"
)

// NVD is the [CVSS.Source] of a score that the National Vulnerability Database gives: one of a record whose id is the
// CVE itself. Scores of all other records are their publisher's.
const NVD = "NVD"

// FirstNVDYear is the first year of which NVD has a file; what is older is in it.
const FirstNVDYear = 2002

// maxVector is the length of a vector in bytes that is still read; a full v4 vector has about 200.
const maxVector = 512

// CVSS reads a vector. It says false for what is no vector of CVSS v2, v3.0, v3.1 or v4.0, a bare word among them.
// Exploitability and Impact are -1 for v4, which has no such parts.
func (s Score) CVSS(source string) (c CVSS, ok bool) {
	vector := strings.TrimSpace(s.Score)
	if len(vector) > maxVector || !strings.Contains(vector, ":") {
		return CVSS{}, false
	}
	defer func() {
		if recover() != nil { // vectors come from anybody; one that breaks the library is no vector
			c, ok = CVSS{}, false
		}
	}()
	id := ""
	if isCVE(source) {
		source, id = NVD, source
	}
	c = CVSS{Source: source, ID: id, Vector: vector, Exploitability: -1, Impact: -1}
	switch {
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		v, err := cvss40.ParseVector(vector)
		if err != nil {
			return CVSS{}, false
		}
		c.Version, c.Base = "4.0", v.Score()
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		v, err := cvss31.ParseVector(vector)
		if err != nil {
			return CVSS{}, false
		}
		c.Version, c.Base, c.Exploitability, c.Impact = "3.1", v.BaseScore(), v.Exploitability(), v.Impact()
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		v, err := cvss30.ParseVector(vector)
		if err != nil {
			return CVSS{}, false
		}
		c.Version, c.Base, c.Exploitability, c.Impact = "3.0", v.BaseScore(), v.Exploitability(), v.Impact()
	default:
		v, err := cvss20.ParseVector(strings.Trim(vector, "()"))
		if err != nil {
			return CVSS{}, false
		}
		c.Version, c.Base, c.Exploitability, c.Impact = "2.0", v.BaseScore(), v.Exploitability(), v.Impact()
	}
	c.Base, c.Exploitability, c.Impact = tenth(c.Base), tenth(c.Exploitability), tenth(c.Impact)
	return c, true
}

// tenth rounds as scores are shown. A negative impact (a vector without any) counts as none.
func tenth(x float64) float64 {
	if x < 0 && x > -1 {
		return 0
	}
	return math.Round(x*10) / 10
}
