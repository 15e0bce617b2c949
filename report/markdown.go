package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"

	"landwaiter.dev/sbom"
)

// maxMarkdown rows of one table are written; the summary of a job and a comment are bounded where they are shown.
const maxMarkdown = 200

// writeMarkdown writes the verdict for a job's summary or a comment. Names are made harmless: they are neither markup nor
// mentions.
func writeMarkdown(w io.Writer, r *Result, _ Style) error {
	m := &markdown{}
	word := map[string]string{"stop": "🛑 stop", "warn": "⚠️ warn", "go": "✅ go"}
	title := "no policy was evaluated"
	if r.Verdict != nil {
		title = orText(word[r.Verdict.Action], mark(r.Verdict.Action))
	}
	m.line("## %s: %s", mark(r.Name), title)
	m.line("")
	m.line("%s", mark(r.summary()))
	m.line("")
	for _, fact := range [][2]string{{"Reference", r.Reference}, {"Digest", string(r.Analysis.Digest)}, {"System", system(r)}, {"Vulnerabilities", r.counts()}} {
		if fact[1] != "" {
			m.line("- %s: %s", fact[0], mark(fact[1]))
		}
	}
	rows := ranked(r.Verdict)
	var decisive, allowed [][]string
	for i := range rows {
		row := &rows[i]
		if row.Allowed != "" {
			allowed = append(allowed, []string{row.Gate + " " + row.Trigger, row.Message, row.allowance()})
			continue
		}
		decisive = append(decisive, []string{row.Action, row.Gate + " " + row.Trigger, row.Message})
	}
	m.table("What the policy says", []string{"action", "gate and trigger", "what"}, decisive)
	if v := r.Verdict; v != nil {
		var problems [][]string
		for _, p := range v.Problems {
			problems = append(problems, []string{p})
		}
		m.table("What could not be evaluated", []string{"problem"}, problems)
	}
	var findings [][]string
	list := worst(r)
	for i := range list {
		f := &list[i]
		severity := f.Severity.String()
		if f.KnownExploited != "" {
			severity += ", exploited"
		}
		findings = append(findings, []string{f.ID, severity, f.Package.Name + " " + f.Package.Version, fixText(f), placeOfPackage(&f.Package)})
	}
	m.table("Vulnerabilities", []string{"id", "severity", "package", "fix", "where"}, findings)
	m.table("Allowed", []string{"gate and trigger", "what", "by"}, allowed)
	var gaps [][]string
	for _, g := range r.Gaps {
		gaps = append(gaps, []string{string(g.Kind), sbom.GapText(g)})
	}
	m.table("What could not be seen", []string{"kind", "what"}, gaps)
	_, err := w.Write(m.out.Bytes())
	return err
}

// counts are the findings by severity; "" when nobody looked.
func (r *Result) counts() string {
	if !r.Matched {
		return ""
	}
	counting, _ := split(r.Findings)
	return severityCounts(counting)
}

type markdown struct{ out bytes.Buffer }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(&m.out, format+"\n", args...) }

func (m *markdown) table(title string, header []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	m.line("\n### %s\n", title)
	m.line("| %s |", strings.Join(header, " | "))
	m.line("|%s", strings.Repeat("---|", len(header)))
	for i, row := range rows {
		if i == maxMarkdown {
			m.line("\n… and %d more", len(rows)-i)
			break
		}
		cells := make([]string, len(row))
		for j, cell := range row {
			cells[j] = mark(clip(cell, 1000))
		}
		m.line("| %s |", strings.Join(cells, " | "))
	}
}

// mark writes a text so that none of it is markup: signs of Markdown and HTML are escaped, an @ mentions nobody, a # is no
// number of an issue, an address is no link, and control characters are gone.
func mark(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case strings.ContainsRune("\\`*_{}[]()|!~$^", c):
			b.WriteString("\\" + string(c))
		case strings.ContainsRune("<>&@#:", c):
			fmt.Fprintf(&b, "&#%d;", c)
		case c == '\n' || c == '\r' || c == '\t':
			b.WriteByte(' ')
		case unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c):
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
