package gate

import (
	"cmp"
	"slices"

	"landwaiter.dev/image"
)

// sighting is an expression that was found in a file of the merged tree, on however many lines.
type sighting struct{ path, rule, pattern string }

// sightings are the files and the expressions that were found in them, by path and name. What a later layer removed and
// what stands in the image's config is not in the merged tree.
func sightings(matches []image.TextMatch) []sighting {
	var list []sighting
	for i := range matches {
		if m := &matches[i]; !m.Removed && m.Place == "" && m.Path != "" {
			list = append(list, sighting{m.Path.Abs(), m.Rule, m.Pattern})
		}
	}
	slices.SortFunc(list, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.rule, b.rule), cmp.Compare(a.pattern, b.pattern))
	})
	return slices.Compact(list)
}

// expression is the rule as messages show it: with its name, when it has one.
func (s *sighting) expression() string {
	switch {
	case s.pattern == "":
		return s.rule + "=builtin:" + s.rule
	case s.rule == "":
		return s.pattern
	}
	return s.rule + "=" + s.pattern
}
