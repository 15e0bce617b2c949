package advisory

import (
	"slices"
	"strings"
)

// severityOf gives the severity by the best source that has one: the distribution's word for the package, the word of
// the record, CVSS v4, v3, v2, a word in the summary. Of several records at the same rung the worst counts. The source
// is "record: kind".
func severityOf(group []*hit) (Severity, string) {
	rungs := []struct {
		kind string
		read func(*hit) (Severity, bool)
	}{
		{"publisher", func(h *hit) (Severity, bool) { return worst(append(bareWords(h.record.Severity), h.words...)) }},
		{"database_specific", func(h *hit) (Severity, bool) { return ParseSeverity(h.record.Word) }},
		{"CVSS v4", func(h *hit) (Severity, bool) { return worstScore(h, "4") }},
		{"CVSS v3", func(h *hit) (Severity, bool) { return worstScore(h, "3") }},
		{"CVSS v2", func(h *hit) (Severity, bool) { return worstScore(h, "2") }},
		{summaryRung, func(h *hit) (Severity, bool) { return severityOfSummary(h.record.Summary) }},
	}
	for _, rung := range rungs {
		best, source := Unknown, ""
		for _, h := range group {
			if s, ok := rung.read(h); ok && (source == "" || s > best) {
				best, source = s, h.record.ID+": "+rung.kind
			}
		}
		if source != "" {
			return best, source
		}
	}
	return Unknown, ""
}

// summaryRung is the last rung of [severityOf]: a word that a distribution puts before the title of a bundle.
const summaryRung = "summary"

// bareWords are the severities that are a word and no vector, as Ubuntu gives its priority.
func bareWords(scores []Score) (words []string) {
	for _, s := range scores {
		if s.Type == "Ubuntu" {
			words = append(words, s.Score)
		}
	}
	return words
}

func worst(words []string) (best Severity, ok bool) {
	for _, w := range words {
		if s, known := ParseSeverity(w); known {
			best, ok = max(best, s), true
		}
	}
	return best, ok
}

func worstScore(h *hit, version string) (best Severity, ok bool) {
	for _, c := range h.scores {
		if strings.HasPrefix(c.Version, version) {
			best, ok = max(best, SeverityOfScore(c.Version, c.Base)), true
		}
	}
	return best, ok
}

// scoresOf lists the vectors of the records that are about this vulnerability alone.
func scoresOf(id string, group []*hit) []CVSS {
	var scores []CVSS
	for _, h := range group {
		if !h.record.isAlias(id) && len(h.record.cves()) > 1 {
			continue
		}
		scores = append(scores, h.scores...)
	}
	slices.SortFunc(scores, compareScores)
	return slices.Compact(scores)
}

// maxTitle is the length in bytes up to which the first sentence of a description serves as a title.
const maxTitle = 240

// titleOf is the summary of the nearest record that has one, else the first sentence of a description.
func titleOf(ranked []*hit) string {
	for _, h := range ranked {
		if s := oneLine(h.record.Summary); s != "" {
			return s
		}
	}
	for _, h := range ranked {
		if s := firstSentence(h.record.Details); s != "" {
			return s
		}
	}
	return ""
}

// firstSentence is the first sentence of a description, cut between words where it is too long for a title; "" when it
// cannot serve as one.
func firstSentence(details string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(details), "\n")
	if sentence, _, ok := strings.Cut(first, ". "); ok {
		first = sentence + "."
	}
	first = oneLine(first)
	if len(first) > maxTitle {
		words := strings.LastIndexByte(first[:maxTitle], ' ')
		if words < 0 {
			return ""
		}
		first = first[:words] + " …"
	}
	return first
}

// oneLine is s with one space between words. Most texts are so already.
func oneLine(s string) string {
	space := true // at the beginning, as after a space, none may follow
	for i := range len(s) {
		if c := s[i]; c > '~' || c < ' ' || c == ' ' && space {
			return strings.Join(strings.Fields(s), " ")
		}
		space = s[i] == ' '
	}
	if space {
		return strings.TrimSuffix(s, " ")
	}
	return s
}

// pages are where ids of a kind have a page of their own.
var pages = []struct{ prefix, before, after string }{
	{"GHSA-", "https://github.com/advisories/", ""},
	{"GO-", "https://pkg.go.dev/vuln/", ""},
	{"RUSTSEC-", "https://rustsec.org/advisories/", ".html"},
	{"DSA-", "https://security-tracker.debian.org/tracker/", ""},
	{"DLA-", "https://security-tracker.debian.org/tracker/", ""},
	{"TEMP-", "https://security-tracker.debian.org/tracker/", ""}, // Debian's, where there is no CVE yet
	{"USN-", "https://ubuntu.com/security/notices/", ""},
	{"RHSA-", "https://access.redhat.com/errata/", ""},
}

// trackers are the pages of a distribution for a CVE.
var trackers = map[string]string{
	"Debian":   "https://security-tracker.debian.org/tracker/",
	"Ubuntu":   "https://ubuntu.com/security/",
	"Alpine":   "https://security.alpinelinux.org/vuln/",
	"Red Hat":  "https://access.redhat.com/security/cve/",
	"SUSE":     "https://www.suse.com/security/cve/",
	"openSUSE": "https://www.suse.com/security/cve/",
}

// urlOf is a link that tells people about the finding: an advisory's that names the id, else any advisory's, else the
// page that ids of this kind have.
func urlOf(id string, ranked []*hit) string {
	any := ""
	for _, h := range ranked {
		for _, link := range h.record.Links {
			if link.Type != "ADVISORY" || !isWeb(link.URL) {
				continue
			}
			if strings.Contains(link.URL, id) {
				return link.URL
			}
			if any == "" && !h.record.isAlias(id) { // of a bundle: the publisher's own page
				any = link.URL
			}
		}
	}
	if any != "" {
		return any
	}
	for _, p := range pages {
		if strings.HasPrefix(id, p.prefix) {
			return p.before + id + p.after
		}
	}
	if isCVE(id) {
		if tracker := trackers[FolderOf(ranked[0].evidence.Ecosystem)]; tracker != "" {
			return tracker + id
		}
		return "https://nvd.nist.gov/vuln/detail/" + id
	}
	for _, h := range ranked {
		for _, link := range h.record.Links {
			if isWeb(link.URL) {
				return link.URL
			}
		}
	}
	return "https://osv.dev/vulnerability/" + id
}

func isWeb(url string) bool {
	return (strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")) && graphic(url) && len(url) <= 2048
}
