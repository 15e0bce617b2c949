package gate

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// severityWords in the order of [advisory.Severity], as rules write them.
var severityWords = []string{"unknown", "negligible", "low", "medium", "high", "critical"}

// finding is a finding laid out for the triggers of the vulnerabilities gate.
type finding struct {
	*advisory.ImageFinding
	os   bool
	path string // as /v1 shows it
	id   string // trigger id
}

// vulnerabilities lays the findings that count out once, sorted by path, package name and trigger id.
func (c *Context) vulnerabilities() []finding {
	if c.laidOut {
		return c.findings
	}
	c.laidOut, c.missed = true, c.Unmatched
	c.findings = make([]finding, 0, len(c.Findings))
	for i := range c.Findings {
		f := &c.Findings[i]
		if f.Ignored != "" {
			continue
		}
		p := f.Package.V1Path()
		c.findings = append(c.findings, finding{ImageFinding: f, os: f.Package.Type.OS(), path: p, id: f.ID + "+" + idName(&f.Package, p)})
	}
	slices.SortStableFunc(c.findings, func(a, b finding) int {
		return cmp.Or(strings.Compare(a.path, b.path), strings.Compare(a.Package.Name, b.Package.Name), strings.Compare(a.id, b.id),
			strings.Compare(a.Package.Version, b.Package.Version), strings.Compare(a.Package.Arch, b.Package.Arch))
	})
	return c.findings
}

// idName is the part of a trigger id that names the package.
func idName(p *image.Package, v1Path string) string {
	if p.Type.OS() {
		return p.Name
	}
	name := ""
	switch p.Type {
	case image.Maven, image.Gem:
		name = path.Base(v1Path)
	case image.NPM:
		name = path.Base(path.Dir(v1Path))
	}
	if name == "" || name == "/" || name == "." {
		return p.Name + "-" + p.Version
	}
	return name
}

// class is the word for the kind of package.
func (f *finding) class() string {
	if f.os {
		return "os"
	}
	return "non-os"
}

// opening is the first part of a message, up to the fixed versions.
func (f *finding) opening(what string) string {
	subject := f.path
	if f.os {
		subject = f.Package.Name
	}
	s := strings.ToUpper(f.Severity.String()) + " " + what + " found in " + f.class() + " package type (" + f.Package.Type.V1() + ") - " + subject + " "
	if len(f.Fixes) > 0 {
		s += "(fixed in: " + strings.Join(f.Fixes, ", ") + ")"
	}
	return s
}

// closing is the last part of a message.
func (f *finding) closing() string { return "(" + f.ID + " - " + f.URL + ")" }

// scores are the highest CVSS version 3 scores of one origin; -1 where there is none.
type scores struct{ base, exploitability, impact float64 }

// cvss takes the scores of NVD records, or those of everybody else.
func (f *finding) cvss(nvd bool) scores {
	s := scores{-1, -1, -1}
	for i := range f.CVSS {
		c := &f.CVSS[i]
		if !strings.HasPrefix(c.Version, "3") || (c.Source == advisory.NVD) != nvd {
			continue
		}
		s.base, s.exploitability, s.impact = max(s.base, c.Base), max(s.exploitability, c.Exploitability), max(s.impact, c.Impact)
	}
	return s
}

// pythonFloat writes a number as Python prints it: 7.0, 9.1, -1.0.
func pythonFloat(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// comparisons are the words for comparing in rules.
var comparisons = []string{"=", "!=", "<", ">", "<=", ">="}

// compares applies one of the comparisons.
func compares[T cmp.Ordered](a T, comparison string, b T) bool {
	switch comparison {
	case "=":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case ">":
		return a > b
	case "<=":
		return a <= b
	default:
		return a >= b
	}
}
