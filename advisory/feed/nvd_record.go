package feed

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
)

// nvdCVE is what is read of one CVE of NVD's JSON 2.0.
type nvdCVE struct {
	ID, Published, LastModified, VulnStatus string
	Descriptions                            []struct{ Lang, Value string }
	Metrics                                 struct {
		CvssMetricV40, CvssMetricV31, CvssMetricV30, CvssMetricV2 []nvdMetric
	}
	Configurations []nvdConfiguration
	References     []struct {
		URL  string
		Tags []string
	}
}

type nvdMetric struct {
	// Type is "Primary" for NVD's own and "Secondary" for what others handed in.
	Type     string
	CvssData struct{ VectorString string }
}

// nvdConfiguration names products of which one must be there, or, with the operator AND, one of each node.
type nvdConfiguration struct {
	Operator string
	Negate   bool
	Nodes    []struct {
		Operator string
		Negate   bool
		CpeMatch []nvdMatch
	}
}

type nvdMatch struct {
	Vulnerable                                   bool
	Criteria                                     string
	VersionStartIncluding, VersionStartExcluding string
	VersionEndIncluding, VersionEndExcluding     string
}

// record translates. Without a record the error says why there is none; beside one it names a doubt.
func (c *nvdCVE) record() (*advisory.Record, error) {
	out := &advisory.Record{ID: c.ID}
	var err error
	if out.Published, err = nvdDate(c.Published); err != nil {
		return nil, fmt.Errorf("published is %w; skipped", err)
	}
	if out.Modified, err = nvdDate(c.LastModified); err != nil {
		return nil, fmt.Errorf("lastModified is %w; skipped", err)
	}
	for _, d := range c.Descriptions {
		if d.Lang == "en" || strings.HasPrefix(d.Lang, "en-") {
			out.Details = d.Value
			break
		}
	}
	if c.VulnStatus == "Rejected" {
		// NVD does not say when; what is rejected changes no more.
		if out.Withdrawn = out.Modified; out.Withdrawn.IsZero() {
			return nil, errors.New("it was rejected and has no date; skipped")
		}
		return out, nil
	}
	out.Severity = c.scores()
	out.Links = c.links()
	refused := 0
	out.Affected, refused = c.affected()
	if refused > 0 {
		return out, fmt.Errorf("%d of its configurations name no product that can be used; the rest is taken", refused)
	}
	return out, nil
}

// nvdDate reads a date without a zone, which is in UTC, or one with.
func nvdDate(s string) (time.Time, error) {
	if t, err := time.Parse("2006-01-02T15:04:05", s); err == nil {
		return t, nil
	}
	return date(s)
}

// scores lists the vectors, of each version NVD's own first.
func (c *nvdCVE) scores() []advisory.Score {
	var out []advisory.Score
	for _, list := range []struct {
		kind    string
		metrics []nvdMetric
	}{
		{"CVSS_V4", c.Metrics.CvssMetricV40}, {"CVSS_V3", c.Metrics.CvssMetricV31}, {"CVSS_V3", c.Metrics.CvssMetricV30},
		{"CVSS_V2", c.Metrics.CvssMetricV2},
	} {
		rank := func(m nvdMetric) int {
			if m.Type == "Primary" {
				return 0
			}
			return 1
		}
		slices.SortStableFunc(list.metrics, func(a, b nvdMetric) int { return cmp.Compare(rank(a), rank(b)) })
		for _, m := range list.metrics {
			s := advisory.Score{Type: list.kind, Score: m.CvssData.VectorString}
			if _, readable := s.CVSS(c.ID); readable && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// linkTypes are the kinds of a reference in OSV's words, the strongest first.
var linkTypes = []struct{ tag, kind string }{
	{"Vendor Advisory", "ADVISORY"}, {"Patch", "FIX"}, {"Third Party Advisory", "ADVISORY"}, {"Exploit", "EVIDENCE"}, {"Issue Tracking", "REPORT"},
}

// links lists the references, each address once: NVD repeats them for each who named it.
func (c *nvdCVE) links() []advisory.Reference {
	var out []advisory.Reference
	seen := make(map[string]bool, len(c.References))
	for _, r := range c.References {
		if r.URL == "" || seen[r.URL] {
			continue
		}
		seen[r.URL] = true
		kind := "WEB"
		for _, t := range linkTypes {
			if slices.Contains(r.Tags, t.tag) {
				kind = t.kind
				break
			}
		}
		out = append(out, advisory.Reference{Type: kind, URL: r.URL})
	}
	return out
}

// affected lists the applications that the configurations name as vulnerable, and counts the names that cannot be used.
// What must be there beside one is noted ([advisory.Affected.Platforms]). Left out is what says nothing about a version
// of an application: hardware and operating systems; the version "-"; a product without any version, which may be one
// that nobody looked at; what is negated; and what is meant for another environment ("wordpress") than a program is.
func (c *nvdCVE) affected() (list []advisory.Affected, refused int) {
	at := map[string]int{}
	for i := range c.Configurations {
		config := &c.Configurations[i]
		if config.Negate {
			continue
		}
		platforms := config.platforms()
		for j := range config.Nodes {
			if config.Nodes[j].Negate {
				continue
			}
			for _, m := range config.Nodes[j].CpeMatch {
				if !m.Vulnerable {
					continue
				}
				cpe, ok := advisory.ParseCPE(m.Criteria)
				if !ok || !printable(cpe.Name(), maxName) {
					refused++
					continue
				}
				events, version := m.bounds(&cpe)
				if cpe.Part != "a" || events == nil && version == "" || !environments[cpe.TargetSoftware] {
					continue
				}
				edition := strings.Trim(cpe.Edition, "*-")
				key := cpe.Name() + " " + edition + " " + strings.Join(platforms, " ")
				n, known := at[key]
				if !known {
					n = len(list)
					at[key] = n
					list = append(list, advisory.Affected{Ecosystem: advisory.EcosystemCPE, Package: cpe.Name(), Platforms: platforms, Edition: edition})
				}
				if a := &list[n]; version != "" {
					a.Versions = append(a.Versions, version)
				} else {
					a.Ranges = append(a.Ranges, advisory.Range{Type: "ECOSYSTEM", Events: events})
				}
			}
		}
	}
	return list, refused
}

// environments are the values of target_sw of a program that can be in an image.
var environments = map[string]bool{"*": true, "-": true, "linux": true, "linux_kernel": true, "unix": true, "docker": true, "kubernetes": true}

// platforms are what must be there beside a vulnerable product: "o:microsoft:windows", sorted.
func (c *nvdConfiguration) platforms() []string {
	var out []string
	for i := range c.Nodes {
		if c.Nodes[i].Negate || c.Operator != "AND" && c.Nodes[i].Operator != "AND" {
			continue
		}
		for _, m := range c.Nodes[i].CpeMatch {
			if cpe, ok := advisory.ParseCPE(m.Criteria); ok && !m.Vulnerable && printable(cpe.Name(), maxName) {
				out = append(out, cpe.Part+":"+cpe.Name())
			}
		}
	}
	slices.Sort(out)
	return some(slices.Compact(out))
}

// bounds are the events of a range, or the one version; neither where the match says nothing about versions.
func (m *nvdMatch) bounds(cpe *advisory.CPE) (events []advisory.Event, version string) {
	usable := func(s string) bool { return printable(s, maxID) }
	if v := cpe.FullVersion(); v != "" {
		if !usable(v) {
			return nil, ""
		}
		return nil, v
	}
	for _, e := range []advisory.Event{
		{Introduced: m.VersionStartIncluding}, {After: m.VersionStartExcluding}, {Fixed: m.VersionEndExcluding}, {LastAffected: m.VersionEndIncluding},
	} {
		text := e.Introduced + e.After + e.Fixed + e.LastAffected
		if text == "" {
			continue
		}
		if cpe.Version == "-" || !usable(text) {
			return nil, ""
		}
		if events == nil && e.Introduced+e.After == "" {
			events = append(events, advisory.Event{Introduced: "0"})
		}
		events = append(events, e)
	}
	return events, ""
}
