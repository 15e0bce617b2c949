package advisory

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Enrichment is what NVD says of a CVE.
type Enrichment struct {
	// Description in English.
	Description string
	// CVSS has one score for each version of CVSS, NVD's own before one that was handed in; newest version first.
	CVSS []CVSS
	// Links are NVD's references.
	Links               []Reference
	Published, Modified time.Time
}

// EnrichmentOf reads a record of NVD; of one that was rejected nothing is left.
func EnrichmentOf(r *Record) Enrichment {
	if !r.Withdrawn.IsZero() {
		return Enrichment{}
	}
	h := hit{record: r}
	h.addScores(r.Severity)
	slices.SortFunc(h.scores, compareScores)
	return Enrichment{Description: r.Details, CVSS: h.scores, Links: r.Links, Published: r.Published, Modified: r.Modified}
}

// CVEs lists the CVE ids of findings, each once, sorted: those of which NVD may say more.
func CVEs(findings []Finding) []string {
	var ids []string
	for i := range findings {
		for _, id := range findings[i].IDs {
			if isCVE(id) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Enrich adds to findings what NVD says of their CVEs: its scores beside those of the publishers; the severity that
// follows from them where there is none, or only a word in a summary; the first sentence of the description where there
// is no title. Findings of whose CVEs nothing is known stay as they are.
func Enrich(findings []Finding, nvd map[string]Enrichment) {
	for i := range findings {
		f := &findings[i]
		for _, id := range f.IDs {
			if e, known := nvd[id]; known {
				f.enrich(&e)
			}
		}
		if f.SeveritySource == "" || strings.HasSuffix(f.SeveritySource, ": "+summaryRung) {
			f.rate()
		}
	}
}

func (f *Finding) enrich(e *Enrichment) {
	if f.Title == "" {
		f.Title = firstSentence(e.Description)
	}
	scores := slices.Clone(f.CVSS)
	for _, c := range e.CVSS {
		if !slices.ContainsFunc(scores, func(old CVSS) bool { return old.Source == c.Source && old.ID == c.ID && old.Version == c.Version }) {
			scores = append(scores, c)
		}
	}
	slices.SortFunc(scores, compareScores)
	f.CVSS = scores
}

// rate takes the severity from NVD's scores: by the newest version of CVSS that there is, the worst of several CVEs.
func (f *Finding) rate() {
	for _, major := range []string{"4", "3", "2"} {
		source := ""
		for _, c := range f.CVSS {
			if c.Source != NVD || c.ID == "" || !strings.HasPrefix(c.Version, major) {
				continue
			}
			if s := SeverityOfScore(c.Version, c.Base); source == "" || s > f.Severity {
				f.Severity, source = s, c.ID+": NVD CVSS v"+major
			}
		}
		if source != "" {
			f.SeveritySource = source
			return
		}
	}
}

// compareScores sorts by source, then the newest version of CVSS first.
func compareScores(a, b CVSS) int {
	return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(b.Version, a.Version), strings.Compare(a.ID, b.ID), strings.Compare(a.Vector, b.Vector))
}
