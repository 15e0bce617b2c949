package synthetic

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strconv"
)

// random is the source of one record: it depends on nothing else.
func random(seed uint64, folder string, i int) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(folder))
	return rand.New(rand.NewPCG(seed^h.Sum64(), uint64(i)))
}

// around is a length about mean, seldom many times that.
func around(r *rand.Rand, mean int) int {
	if mean <= 1 {
		return mean
	}
	return max(1, int(r.ExpFloat64()*float64(mean)))
}

// rank chooses a package: one of the first few for a quarter of a distribution's records, of others the more often the
// lower its rank.
func (s *shape) rank(r *rand.Rand, packages int) int {
	if s.malware {
		return r.IntN(packages)
	}
	if s.form != semver && r.IntN(4) == 0 {
		return r.IntN(len(busy))
	}
	return int(float64(packages) * math.Pow(r.Float64(), 2.2))
}

// id is that of record i.
func (s *shape) id(i int) string {
	year, n := 2016+i%11, 1000+i/11
	switch s.prefix {
	case "GHSA":
		return fmt.Sprintf("GHSA-%04x-%04x-%04x", year, n>>8, (n<<8|len(s.folder)*7)&0xffff)
	case "SUSE-SU", "openSUSE-SU":
		return fmt.Sprintf("%s-%d:%05d-1", s.prefix, year, n)
	case "RHSA", "ALSA", "RLSA":
		return fmt.Sprintf("%s-%d:%d", s.prefix, year, n)
	}
	return fmt.Sprintf("%s-%d-%d", s.prefix, year, n)
}

// record appends record i as OSV writes it. A changed one has been told anew: other versions mend it.
func (s *shape) record(b []byte, seed uint64, i int, changed bool) []byte {
	r := random(seed, s.folder, i)
	year, n := 2016+i%11, 1000+i/11
	cve := fmt.Sprintf("CVE-%d-%d", year, n)
	modified := fmt.Sprintf("%d-%02d-%02dT08:00:00Z", year, 1+i%12, 1+i%28)
	b = append(b, `{"schema_version":"1.7.3","id":"`...)
	b = append(b, s.id(i)...)
	b = append(b, `","modified":"`...)
	if changed {
		b = append(b, "2026-11-25T08:00:00Z"...)
	} else {
		b = append(b, modified...)
	}
	b = append(b, `","published":"`...)
	b = append(b, modified...)
	malicious := s.malware && i%50 != 0
	switch {
	case malicious:
		b = append(b, `","summary":"Malicious code in a package","details":"\n---\n_-= Per source details. Do not edit below this line.=-_\n\n## Source: a scanner\nAny computer that has this package installed or running should be considered fully compromised. `...)
	case s.form == semver:
		b = append(b, `","aliases":["`...)
		b = append(b, cve...)
		b = append(b, `"],"summary":"`...)
		b = sentence(b, r, 9)
		b = append(b, `","details":"`...)
	default:
		b = append(b, `","upstream":["`...)
		b = append(b, cve...)
		b = append(b, `"],"details":"`...)
	}
	b = sentence(b, r, around(r, s.details))
	b = append(b, '"')
	if !malicious && r.IntN(3) > 0 {
		b = append(b, `,"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:`...)
		b = append(b, "NALP"[r.IntN(4)])
		b = append(b, `/AC:L/PR:`...)
		b = append(b, "NLH"[r.IntN(3)])
		b = append(b, `/UI:N/S:U/C:`...)
		b = append(b, "NLH"[r.IntN(3)])
		b = append(b, `/I:`...)
		b = append(b, "NLH"[r.IntN(3)])
		b = append(b, `/A:H"}]`...)
	}
	b = s.affected(append(b, `,"affected":[`...), r, i, malicious, changed)
	b = append(b, `],"references":[`...)
	for l := range around(r, s.links) {
		if l > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"type":"WEB","url":"https://advisories.example/`...)
		b = append(b, cve...)
		b = append(b, '/')
		b = strconv.AppendUint(b, r.Uint64(), 36)
		b = append(b, `"}`...)
	}
	b = append(b, `],"database_specific":{"source":"https://advisories.example/data/`...)
	b = append(b, cve...)
	return append(b, `.json","sha256":"`+fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())+`"}}`...)
}

// affected appends the entries of a record: the same packages in each of its releases.
func (s *shape) affected(b []byte, r *rand.Rand, i int, malicious, changed bool) []byte {
	releases := s.releases
	if len(releases) == 0 {
		releases = []string{""}
	}
	first := r.IntN(len(releases))
	if s.prefix == "RHSA" || s.prefix == "ALSA" || s.prefix == "RLSA" { // one release an advisory
		releases = releases[first : first+1]
	} else {
		releases = releases[first*r.IntN(2):]
	}
	main := s.rank(r, s.packages)
	if s.malware {
		main = i * s.packages / max(s.records, 1) % s.packages
	}
	count := max(1, around(r, s.perRelease))
	fixed := 100 + r.IntN(900)
	open := r.IntN(8) == 0
	if changed {
		fixed = min(fixed+1+r.IntN(300), 999)
	}
	comma := false
	for _, release := range releases {
		for p := range count {
			rank := main
			if p > 0 {
				rank = (main + p*p) % s.packages
			}
			if comma {
				b = append(b, ',')
			}
			comma = true
			b = s.entry(b, r, release, rank, fixed, open, malicious)
		}
	}
	return b
}

func (s *shape) entry(b []byte, r *rand.Rand, release string, rank, fixed int, open, malicious bool) []byte {
	name := s.name(rank)
	b = append(b, `{"package":{"ecosystem":"`...)
	b = append(b, s.folder...)
	if release != "" {
		b = append(append(b, ':'), release...)
	}
	b = append(b, `","name":"`...)
	b = append(b, name...)
	b = append(b, `","purl":"pkg:generic/`...)
	b = append(b, name...)
	kind := "ECOSYSTEM"
	if s.form == semver && s.versions == 0 {
		kind = "SEMVER"
	}
	b = append(b, `?arch=source"},"ranges":[{"type":"`+kind+`","events":[{"introduced":"0"}`...)
	if !open && !malicious {
		b = append(b, `,{"fixed":"`...)
		b = append(b, s.form.version(fixed, release)...)
		b = append(b, `"}`...)
	}
	b = append(b, `]}]`...)
	if s.versions > 0 {
		b = append(b, `,"versions":[`...)
		for v := range min(around(r, s.versions), fixed/5) {
			if v > 0 {
				b = append(b, ',')
			}
			b = append(b, '"')
			b = append(b, s.form.version(fixed-1-5*v, release)...)
			b = append(b, '"')
		}
		b = append(b, ']')
	}
	b = append(b, `,"ecosystem_specific":{`...)
	if s.binaries > 0 {
		b = append(b, `"binaries":[`...)
		for n := range around(r, s.binaries) {
			if n > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"binary_name":"`...)
			b = append(b, name...)
			b = append(b, '-')
			b = strconv.AppendInt(b, int64(n), 10)
			b = append(b, `","binary_version":"`...)
			b = append(b, s.form.version(fixed, release)...)
			b = append(b, `"}`...)
		}
		b = append(b, `],`...)
	}
	b = append(b, `"urgency":"`...)
	b = append(b, [...]string{"low", "medium", "high", "not yet assigned"}[r.IntN(4)]...)
	return append(b, `"}}`...)
}
