package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"

	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/sbom"
)

// What is written at most: rows of one table, bytes in all (a comment on GitHub takes 65,536 characters), and bytes of one fact
// and one cell before escaping.
const (
	maxMarkdown      = 200
	maxMarkdownBytes = 60_000
	maxMarkdownFact  = 300
	maxMarkdownCell  = 1000
)

// writeMarkdown writes the verdict for a job's summary or a comment. Names are made harmless: they are neither markup nor
// mentions.
func writeMarkdown(w io.Writer, r *Result, _ Style) error {
	m := &markdown{tables: 5}
	word := map[string]string{"stop": "🛑 stop", "warn": "⚠️ warn", "go": "✅ go"}
	title := "no policy was evaluated"
	if r.Verdict != nil {
		title = orText(word[r.Verdict.Action], mark(clip(r.Verdict.Action, maxMarkdownFact)))
	}
	m.line("## %s: %s\n", mark(clip(r.Name, maxMarkdownFact)), title)
	for _, fact := range [][2]string{{"Result", r.summary()}, {"Reference", r.Reference}, {"Digest", string(r.Analysis.Digest)}, {"System", system(r)}, {"Vulnerabilities", r.counts()}} {
		if fact[1] != "" {
			m.line("- %s: %s", fact[0], mark(clip(fact[1], maxMarkdownFact)))
		}
	}
	rows := ranked(r.Verdict)
	links := linksOf(r)
	var decisive, allowed [][]string
	for i := range rows {
		row := &rows[i]
		if row.Allowed != "" {
			allowed = append(allowed, []string{cell(row.Gate + " " + row.Trigger), links.message(row), cell(row.allowance())})
			continue
		}
		decisive = append(decisive, []string{cell(row.Action), cell(row.Gate + " " + row.Trigger), links.message(row)})
	}
	m.table("What the policy says", []string{"action", "gate and trigger", "what"}, decisive)
	if v := r.Verdict; v != nil {
		var problems [][]string
		for _, p := range v.Problems {
			problems = append(problems, []string{cell(p)})
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
		id := cell(f.ID)
		if link := webLink(f.URL); link != "" && len(link) <= maxMarkdownFact {
			id = "[" + id + "](<" + address(link) + ">)"
		}
		findings = append(findings, []string{id, cell(severity), cell(f.Package.Name + " " + f.Package.Version), cell(fixText(f)), cell(placeOfPackage(&f.Package))})
	}
	m.table("Vulnerabilities", []string{"id", "severity", "package", "fix", "where"}, findings)
	m.table("Allowed", []string{"gate and trigger", "what", "by"}, allowed)
	var gaps [][]string
	for _, g := range r.Gaps {
		gaps = append(gaps, []string{cell(string(g.Kind)), cell(sbom.GapText(g))})
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

// markdown collects the text; so many tables are still to come.
type markdown struct {
	out    bytes.Buffer
	tables int
}

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(&m.out, format+"\n", args...) }

// table writes rows whose cells are escaped already, as many as its share of what is left has room for: what comes after it is
// told, too.
func (m *markdown) table(title string, header []string, rows [][]string) {
	share := max(0, maxMarkdownBytes-1000-m.out.Len()) / max(1, m.tables)
	m.tables--
	if len(rows) == 0 {
		return
	}
	end := m.out.Len() + share
	m.line("\n### %s\n", title)
	m.line("| %s |", strings.Join(header, " | "))
	m.line("|%s", strings.Repeat("---|", len(header)))
	for i, row := range rows {
		line := "| " + strings.Join(row, " | ") + " |"
		if i == maxMarkdown || m.out.Len()+len(line) > end {
			m.line("\n… and %d more", len(rows)-i)
			break
		}
		m.line("%s", line)
	}
}

func cell(s string) string { return mark(clip(s, maxMarkdownCell)) }

// advisoryLinks are the addresses that advisories name. They alone become links.
type advisoryLinks map[string]bool

func linksOf(r *Result) advisoryLinks {
	links := advisoryLinks{}
	for i := range r.Findings {
		if link := webLink(r.Findings[i].URL); link != "" {
			links[link] = true
		}
	}
	return links
}

// message is what a row says, with the address of its advisory as a link.
func (l advisoryLinks) message(row *Row) string {
	s := clip(row.Message, maxMarkdownCell)
	at := strings.Index(s, "https://")
	if row.Gate != "vulnerabilities" || at < 0 {
		return mark(s)
	}
	link := s[at:]
	if end := strings.IndexAny(link, " )"); end >= 0 {
		link = link[:end]
	}
	if !l[link] {
		return mark(s)
	}
	return mark(s[:at]) + "<" + address(link) + ">" + mark(s[at+len(link):])
}

// address is a link inside angle brackets, which it cannot leave.
func address(link string) string {
	var b strings.Builder
	for i := range len(link) {
		if c := link[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("<>|\\`*[](){}^\"", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// apart is a space without width. What a service looks for in the finished page (mentions, numbers of issues, addresses) it
// does not find across one; an escaped sign it would.
const apart = "\u200b"

// mark writes a text for the middle of a line so that none of it is markup, a mention, the number of an issue or a link, and so
// that it can still be read as it stands: only what Markdown or HTML would take for a sign is escaped.
func mark(s string) string { return strings.ReplaceAll(escaped(s), `\<`, "&lt;") }

// escaped is mark without entities, for what may be shown as it stands, too.
func escaped(s string) string {
	var b strings.Builder
	runes := []rune(strings.ToValidUTF8(s, "\ufffd"))
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	word := func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }
	for i, c := range runes {
		before, after := at(i-1), at(i+1)
		switch {
		case strings.ContainsRune("\\`*[]|~$", c),
			c == '<' && (word(after) || strings.ContainsRune("/!?<", after)), // else it begins no tag
			c == '_' && !(word(before) && word(after)),                       // inside a word it is none
			c == '&' && (word(after) || after == '#'):
			b.WriteRune('\\')
			b.WriteRune(c)
		case c == '@' && word(after), (c == '#' || c == '!') && unicode.IsDigit(after), c == ':' && after == '/' && at(i+2) == '/',
			c == '.' && i >= 3 && strings.EqualFold(string(runes[i-3:i]), "www"):
			b.WriteRune(c)
			b.WriteString(apart)
		case strings.ContainsRune("\n\r\t\u2028\u2029", c):
			b.WriteByte(' ')
		case terminal.Steers(c):
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
