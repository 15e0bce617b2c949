package feed

import (
	"slices"
	"strings"

	"landwaiter.dev/advisory"
)

// maxFixes bounds the fixes that an entry names beside its ranges.
const maxFixes = 100

// fixedin takes the versions that mend a vulnerability as the victims database lists them: ">=2.10.0", or
// ">=2.9.1-redhat-1,2.9.1-redhat-" for the versions that begin so.
func (c *cursor) fixedin(s *specific) {
	c.list(func() {
		text, line, _ := strings.Cut(c.word(), ",")
		s.fix(text, strings.TrimSpace(line))
	})
}

// patched takes the versions that mend a vulnerability as npm's advisories write them: ">=1.2.3 <2.0.0 || ^2.0.4". None are
// those below the lowest.
func (c *cursor) patched(s *specific) {
	text := c.word()
	switch strings.ReplaceAll(text, " ", "") {
	case "<0.0.0", "<=0.0.0":
		s.unfixed = true
		return
	}
	for one := range strings.SplitSeq(text, "||") {
		s.fix(one, "")
	}
}

// fix takes a version from which on, or which alone, something is mended. What says another thing names no version.
func (s *specific) fix(text, line string) {
	text = strings.TrimSpace(text)
	version := strings.TrimSpace(strings.TrimPrefix(strings.TrimLeft(text, ">~^="), "v"))
	sign := text[:len(text)-len(strings.TrimLeft(text, ">~^="))]
	if sign == ">" || !slices.Contains([]string{"", ">=", "==", "=", "^", "~", "~>"}, sign) {
		return // what comes after a version has no name
	}
	version, _, _ = strings.Cut(version, " ")
	f := advisory.NamedFix{Version: version, Line: line}
	if version == "" || version[0] < '0' || version[0] > '9' || !printable(version, maxID) || line != "" && !printable(line, maxID) ||
		len(s.fixes) >= maxFixes || slices.Contains(s.fixes, f) {
		return
	}
	s.fixes = append(s.fixes, advisory.NamedFix{Version: strings.Clone(version), Line: strings.Clone(line)})
}

// namesFix says whether a range ends with a fix.
func namesFix(ranges []advisory.Range) bool {
	return slices.ContainsFunc(ranges, func(r advisory.Range) bool {
		return slices.ContainsFunc(r.Events, func(e advisory.Event) bool { return e.Fixed != "" })
	})
}
