package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/sbom"
)

// gitlabVersion is that of the schema of container scanning reports.
const gitlabVersion = "15.0.0"

type (
	gitlabReport struct {
		Version         string                `json:"version"`
		Scan            gitlabScan            `json:"scan"`
		Vulnerabilities []gitlabVulnerability `json:"vulnerabilities"`
	}
	gitlabScan struct {
		Type      string          `json:"type"`
		Status    string          `json:"status"`
		StartTime string          `json:"start_time"`
		EndTime   string          `json:"end_time"`
		Analyzer  gitlabTool      `json:"analyzer"`
		Scanner   gitlabTool      `json:"scanner"`
		Messages  []gitlabMessage `json:"messages"`
	}
	gitlabTool struct {
		ID      string     `json:"id"`
		Name    string     `json:"name"`
		URL     string     `json:"url"`
		Version string     `json:"version"`
		Vendor  gitlabName `json:"vendor"`
	}
	gitlabName struct {
		Name string `json:"name"`
	}
	gitlabMessage struct {
		Level string `json:"level"` // info, warn, fatal
		Value string `json:"value"`
	}
	gitlabVulnerability struct {
		ID          string             `json:"id"`
		Name        string             `json:"name"`
		Description string             `json:"description,omitempty"`
		Severity    string             `json:"severity"`
		Solution    string             `json:"solution,omitempty"`
		Identifiers []gitlabIdentifier `json:"identifiers"`
		Links       []gitlabLink       `json:"links,omitempty"`
		Location    gitlabLocation     `json:"location"`
	}
	gitlabIdentifier struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Value string `json:"value"`
		URL   string `json:"url,omitempty"`
	}
	gitlabLink struct {
		URL string `json:"url"`
	}
	gitlabLocation struct {
		Dependency gitlabDependency `json:"dependency"`
		System     string           `json:"operating_system"`
		Image      string           `json:"image"`
	}
	gitlabDependency struct {
		Package gitlabName `json:"package"`
		Version string     `json:"version"`
	}
)

// writeGitLab writes a container scanning report: a vulnerability for each finding that counts. The form has no place for
// anything else, so the verdict, its rows of other gates than vulnerabilities, and the gaps are messages of the scan.
func writeGitLab(w io.Writer, r *Result, _ Style) error {
	tool := gitlabTool{ID: "landwaiter", Name: "Landwaiter", URL: "https://landwaiter.dev", Version: orText(r.Version, "unknown"), Vendor: gitlabName{"Landwaiter"}}
	d := gitlabReport{
		Version: gitlabVersion,
		Scan: gitlabScan{
			Type: "container_scanning", Status: "success", StartTime: gitlabTime(r.Started, r.At), EndTime: gitlabTime(r.Ended, r.At), Analyzer: tool, Scanner: tool, Messages: gitlabMessages(r),
		},
		Vulnerabilities: []gitlabVulnerability{},
	}
	list := worst(r)
	for i := range list {
		d.Vulnerabilities = append(d.Vulnerabilities, gitlabFinding(r, &list[i]))
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

// gitlabTime is a moment without zone, in UTC, as the form has it; otherwise where nobody measured it.
func gitlabTime(t, otherwise time.Time) string {
	if t.IsZero() {
		t = otherwise
	}
	return t.UTC().Format("2006-01-02T15:04:05")
}

func gitlabMessages(r *Result) []gitlabMessage {
	messages := []gitlabMessage{}
	level := func(action string) string {
		if action == "go" {
			return "info"
		}
		return "warn"
	}
	if v := r.Verdict; v != nil {
		messages = append(messages, gitlabMessage{level(v.Action), r.summary()})
		for _, p := range v.Problems {
			messages = append(messages, gitlabMessage{"warn", "not evaluated: " + p})
		}
	}
	for _, row := range ranked(r.Verdict) {
		text := fmt.Sprintf("%s %s/%s: %s", row.Action, row.Gate, row.Trigger, row.Message)
		switch {
		case row.Allowed != "":
			text += " (allowed by " + row.allowance() + ")"
		case row.Gate == "vulnerabilities":
			continue // those are vulnerabilities already
		}
		messages = append(messages, gitlabMessage{level(row.Action), text})
	}
	for _, g := range r.Gaps {
		messages = append(messages, gitlabMessage{"warn", "not seen: " + string(g.Kind) + ": " + sbom.GapText(g)})
	}
	for i := range messages {
		messages[i].Value = terminal.Plain(messages[i].Value)
	}
	return messages
}

func gitlabFinding(r *Result, f *advisory.ImageFinding) gitlabVulnerability {
	severity := f.Severity.String()
	if f.Severity == advisory.Negligible {
		severity = "Info"
	}
	v := gitlabVulnerability{
		Name: clip(terminal.Plain(f.ID+" in "+f.Package.Name), 255), Severity: severity, Solution: "Nothing is known to mend it.",
		Location: gitlabLocation{
			Dependency: gitlabDependency{gitlabName{f.Package.Name}, f.Package.Version}, System: system(r), Image: gitlabImage(r),
		},
	}
	if len(f.Fixes) > 0 {
		v.Solution = clip(terminal.Plain(fmt.Sprintf("Upgrade %s to %s.", f.Package.Name, strings.Join(f.Fixes, " or "))), 7000)
	}
	description := []string{}
	if f.Title != "" {
		description = append(description, escaped(f.Title))
	}
	if f.KnownExploited != "" {
		description = append(description, "Exploited in the wild, in CISA's catalogue since "+escaped(f.KnownExploited)+".")
	}
	description = append(description, "Found in "+escaped(placeOfPackage(&f.Package))+".")
	if p := proof(f); len(p) > 0 {
		description = append(description, "Evidence: "+escaped(strings.Join(p, "; "))+".")
	}
	v.Description = clip(strings.Join(description, "\n\n"), 1<<16)
	ids := f.IDs
	if len(ids) == 0 || ids[0] != f.ID {
		ids = append([]string{f.ID}, ids...)
	}
	for i, id := range ids {
		if i > 0 && id == f.ID {
			continue
		}
		id = orText(id, "unknown")
		one := gitlabIdentifier{Type: identifierType(id), Name: id, Value: id}
		if i == 0 {
			one.URL = webLink(f.URL)
		}
		v.Identifiers = append(v.Identifiers, one)
	}
	if link := webLink(f.URL); link != "" {
		v.Links = []gitlabLink{{link}}
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{v.Location.Image, f.ID, string(f.Package.Type), f.Package.Name, f.Package.Version, placeOfPackage(&f.Package)}, "\x00")))
	v.ID = hex.EncodeToString(sum[:])
	return v
}

// identifierType is the kind of a vulnerability's id.
func identifierType(id string) string {
	for _, p := range [][2]string{{"CVE-", "cve"}, {"GHSA-", "ghsa"}, {"USN-", "usn"}, {"RHSA-", "rhsa"}} {
		if strings.HasPrefix(id, p[0]) {
			return p[1]
		}
	}
	return "landwaiter"
}

func system(r *Result) string {
	d := r.Analysis.Distro
	return orText(strings.TrimSpace(d.ID+" "+d.VersionID), "unknown")
}

// gitlabImage is the image as name:tag or name@algorithm:digest; the form allows nothing else. A file is called by its name
// alone, so that the image has the same one wherever it lies.
func gitlabImage(r *Result) string {
	if gitlabImageForm.MatchString(r.Reference) {
		return r.Reference // a document may call its image anything
	}
	name := r.Name
	for _, form := range []string{"docker-archive:", "oci-archive:", "oci-dir:", "dir:", "sbom:"} {
		if rest, is := strings.CutPrefix(name, form); is {
			name = rest
			break
		}
	}
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name, _, _ = strings.Cut(name, ":") // the tag in an archive
	for _, end := range []string{".gz", ".tgz", ".tar", ".json", ".xml"} {
		name = strings.TrimSuffix(name, end)
	}
	name = strings.Trim(notOfNames.ReplaceAllString(name, "_"), "._-")
	return clip(orText(name, "image"), 200) + "@" + orText(string(r.Analysis.Digest), "sha256:unknown")
}

var gitlabImageForm = regexp.MustCompile(`^[^:\s]+(:\d+[^:\s]*)?:[^:\s]+(:[^:\s]+)?$`)

// notOfNames is what the name of an image cannot hold.
var notOfNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// clip shortens a text that a form bounds, and says so.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-3], "") + "…"
}
