package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/grypedb"
)

// grypeVulnerability is what is read of the JSON of a vulnerability.
type grypeVulnerability struct {
	Description string
	Refs        []struct {
		URL  string
		Tags []string
	}
	Aliases    []string
	Severities []struct {
		Scheme string
		Value  json.RawMessage
		Rank   int
	}
}

// grypeRecord gathers the rows of one provider that bear one name: a distribution has one for each release.
type grypeRecord struct {
	provider, name, id string
	out                advisory.Record
	// word is the severity that ranks first.
	word     string
	wordRank int
	other    []string // ids
	systems  bool     // a package of a distribution is among them
	doubts   []string
}

func newGrypeRecord(provider, name string) *grypeRecord {
	g := &grypeRecord{provider: provider, name: name, id: name}
	if cvePattern.MatchString(name) {
		g.id = strings.ToUpper(provider) + "-" + name
	}
	return g
}

// add takes one row.
func (g *grypeRecord) add(v *grypedb.Vulnerability) {
	if v.Status == "rejected" || v.Withdrawn != "" {
		return
	}
	var blob grypeVulnerability
	if len(v.Blob) > 0 {
		if err := json.Unmarshal(v.Blob, &blob); err != nil {
			g.doubt("its description cannot be read: " + short(err).Error())
		}
	}
	if g.out.Details == "" {
		g.out.Details = blob.Description
	}
	if t := grypeTime(v.Published); g.out.Published.IsZero() || !t.IsZero() && t.Before(g.out.Published) {
		g.out.Published = t
	}
	if t := grypeTime(v.Modified); t.After(g.out.Modified) {
		g.out.Modified = t
	}
	g.names(blob.Aliases)
	for _, r := range blob.Refs {
		link := advisory.Reference{Type: "WEB", URL: r.URL}
		if slices.Contains(r.Tags, "advisory") || slices.Contains(r.Tags, "ADVISORY") {
			link.Type = "ADVISORY"
		}
		if len(g.out.Links) < maxFew && printable(r.URL, 4*maxName) && !slices.Contains(g.out.Links, link) {
			g.out.Links = append(g.out.Links, link)
		}
	}
	for _, s := range blob.Severities {
		g.severity(s.Scheme, s.Value, s.Rank)
	}
	for i := range v.Packages {
		g.pkg(&v.Packages[i])
	}
}

func (g *grypeRecord) doubt(text string) {
	if len(g.doubts) < maxFew {
		g.doubts = append(g.doubts, text)
	}
}

func (g *grypeRecord) names(list []string) {
	for _, id := range list {
		if len(g.other) < maxNames && id != g.name && len(id) <= maxID && idPattern.MatchString(id) && !slices.Contains(g.other, id) {
			g.other = append(g.other, id)
		}
	}
}

// severity takes a vector or a word; of words the one that ranks first counts.
func (g *grypeRecord) severity(scheme string, value json.RawMessage, rank int) {
	if scheme == "CVSS" {
		var cvss struct{ Vector, Version string }
		if json.Unmarshal(value, &cvss) != nil || cvss.Vector == "" || len(cvss.Version) == 0 {
			return
		}
		score := advisory.Score{Type: "CVSS_V" + cvss.Version[:1], Score: cvss.Vector}
		if len(g.out.Severity) < maxFew && slices.Contains([]string{"CVSS_V2", "CVSS_V3", "CVSS_V4"}, score.Type) && !slices.Contains(g.out.Severity, score) {
			g.out.Severity = append(g.out.Severity, score)
		}
		return
	}
	var word string
	if json.Unmarshal(value, &word) != nil {
		return
	}
	if _, ok := advisory.ParseSeverity(word); ok && len(word) <= 64 && (g.word == "" || rank < g.wordRank) {
		g.word, g.wordRank = word, rank
	}
}

// pkg takes what a row says of a package that is known here.
func (g *grypeRecord) pkg(p *grypedb.Package) {
	ecosystem := grypeEcosystem(p)
	if ecosystem == "" {
		return
	}
	if !printable(p.Name, maxName) {
		g.doubt(fmt.Sprintf("the package %.80q has no usable name", p.Name))
		return
	}
	var blob grypePackage
	if len(p.Blob) > 0 {
		if err := json.Unmarshal(p.Blob, &blob); err != nil {
			g.doubt(fmt.Sprintf("what it says of %.80q cannot be read: %v", p.Name, short(err)))
			return
		}
	}
	g.names(blob.CVEs)
	entries, err := blob.entries(advisory.Affected{Ecosystem: ecosystem, Package: advisory.NormalizeName(ecosystem, p.Name)}, p.Unaffected)
	if err != nil {
		g.doubt(fmt.Sprintf("%.80q: %v", p.Name, err))
	}
	g.systems = g.systems || p.System != nil
	g.out.Affected = append(g.out.Affected, entries...)
}

// record is what the rows say together; nil without error when that is nothing for packages that are known here.
func (g *grypeRecord) record() (*advisory.Record, error) {
	if len(g.out.Affected) == 0 {
		if len(g.doubts) > 0 {
			return nil, errors.New(doubted(g.doubts))
		}
		return nil, nil
	}
	if len(g.id) > maxID || !idPattern.MatchString(g.id) {
		return nil, fmt.Errorf("its id %.80q is not usable", g.id)
	}
	out := g.out
	out.ID = g.id
	if g.systems { // other ids are those that an advisory fixes, not other names of it
		out.Upstream = some(g.other)
		if g.id != g.name {
			out.Upstream = append([]string{g.name}, g.other...)
		}
		for i := range out.Affected {
			out.Affected[i].Word = g.word
		}
	} else {
		out.Aliases, out.Word = some(g.other), g.word
		if g.id != g.name {
			out.Aliases = append([]string{g.name}, g.other...)
		}
	}
	if len(g.doubts) > 0 {
		return &out, errors.New(doubted(g.doubts))
	}
	return &out, nil
}

// grypeLanguages are the types of packages that belong to no distribution, as Syft names them.
var grypeLanguages = map[string]string{
	"python": "PyPI", "npm": "npm", "java-archive": "Maven", "gem": "RubyGems", "go-module": "Go", "rust-crate": "crates.io",
	"php-composer": "Packagist", "dotnet": "NuGet", "dart-pub": "Pub", "hex": "Hex", "hackage": "Hackage", "R-package": "CRAN",
}

// grypeEcosystem is the ecosystem of a package; "" where it is not known here, or of a line that no image can be told to
// be of: a channel beside the main one, a minor release of Red Hat Enterprise Linux, which the row without one covers.
func grypeEcosystem(p *grypedb.Package) string {
	s := p.System
	if s == nil {
		return grypeLanguages[p.Ecosystem]
	}
	if s.Channel != "" || s.Label != "" {
		return ""
	}
	d := image.Distro{ID: s.Name, VersionID: s.Major}
	minor := s.Minor
	switch s.Name {
	case "redhat", "rhel":
		if d.ID = "rhel"; minor != "" {
			return ""
		}
	case "ubuntu":
		if len(minor) == 1 {
			minor = "0" + minor
		}
	}
	if minor != "" {
		d.VersionID += "." + minor
	}
	return advisory.EcosystemOfDistro(d)
}

func grypeTime(s string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04:05.999999999-07:00", time.RFC3339Nano, "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
