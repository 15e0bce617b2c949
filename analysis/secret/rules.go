package secret

import (
	"bytes"
	"regexp/syntax"
	"slices"
	"strings"

	"landwaiter.dev/internal/pyregex"
)

// lineRule is tried at the start of lines, as Python's re.match is.
type lineRule struct {
	name, pattern string
	// keywords of which each matching line has one; none: every line is tried.
	keywords []string
	// fold says that the case of the keywords does not matter.
	fold bool
	// anchored says that the pattern means the start of the line, and so can match only in the first window of a long one.
	anchored bool
	// content marks a search whose finds are no secrets.
	content bool
	// user says that the rule is a user's, whose time is limited.
	user bool
	// match looks at a line, or at a window of a long one. The secret is the value, which may reach into what follows the
	// line in rest, which begins like the line.
	match func(line, rest []byte) (value []byte, ok bool, err error)
}

// userRule compiles a pattern of the user. The secret of a line is the line without the blanks around it, because a
// pattern does not say which part of it is secret.
func userRule(r Rule, content bool) (lineRule, error) {
	re, err := pyregex.Compile(r.Pattern)
	if err != nil {
		return lineRule{}, err
	}
	rule := lineRule{name: r.Name, pattern: r.Pattern, content: content, user: true, anchored: !startsAnywhere(r.Pattern)}
	if word, fold := requiredWord(r.Pattern); len(word) >= minKeyword {
		rule.keywords, rule.fold = []string{word}, fold
	}
	rule.match = func(line, _ []byte) ([]byte, bool, error) {
		ok, err := re.Match(string(line))
		if !ok || content {
			return nil, ok, err
		}
		return bytes.TrimSpace(line), true, nil
	}
	return rule, nil
}

// startsAnywhere says whether a pattern begins with ".*", so that the start of the line means nothing to it.
func startsAnywhere(pattern string) bool {
	if strings.HasPrefix(pattern, "(?") {
		if i := strings.IndexByte(pattern, ')'); i > 0 && strings.Trim(pattern[2:i], "aimsu") == "" {
			pattern = pattern[i+1:]
		}
	}
	return strings.HasPrefix(pattern, ".*")
}

// requiredWord is the longest text of ASCII bytes that each match of a Python pattern holds; "" when none is known. It
// reads with the standard library's parser, which refuses most of what Python alone has; what both read, but differently,
// is left out here.
func requiredWord(pattern string) (word string, fold bool) {
	if strings.Contains(pattern, "{,") || strings.Contains(pattern, `\Q`) {
		return "", false
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	return wordOf(re)
}

func wordOf(re *syntax.Regexp) (word string, fold bool) {
	switch re.Op {
	case syntax.OpLiteral:
		fold = re.Flags&syntax.FoldCase != 0
		for _, part := range strings.FieldsFunc(string(re.Rune), func(r rune) bool {
			// Beyond ASCII there are letters that fold to k and s.
			return r >= 0x80 || r == '\n' || fold && (r == 'k' || r == 's' || r == 'K' || r == 'S')
		}) {
			if len(part) > len(word) {
				word = part
			}
		}
		return word, fold
	case syntax.OpCapture, syntax.OpPlus:
		return wordOf(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min >= 1 {
			return wordOf(re.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if w, f := wordOf(sub); len(w) > len(word) {
				word, fold = w, f
			}
		}
		return word, fold
	}
	return "", false
}

// Names are the rules that come with the program: detectors, and the patterns that policies know by name. Sorted.
func Names() []string {
	var names []string
	for _, d := range detectorTable() {
		names = append(names, d.rule)
	}
	for _, r := range originalRules() {
		names = append(names, r.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
