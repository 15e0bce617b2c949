package gate

import (
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

var allSecretsGate = Gate{
	Name: "secrets",
	Description: "Checks of the secrets that the image gives away, found by all rules: those of the library, Landwaiter's own and the user's. The secret_scans gate knows the five " +
		"expressions of the original alone. An addition of Landwaiter.",
	Triggers: []Trigger{{
		Name: "found",
		Description: "Fires for each secret: for each rule, place and line. The trigger id is the rule, followed by + and the path of the file, or by +config: and the part of the image's " +
			"config.",
		Params: []Param{
			{Name: "rules", Order: 1, Type: List, Known: knownRules, Example: "PRIV_KEY,github-token", Description: "Rules by their names; all when absent."},
			{Name: "except_rules", Order: 2, Type: List, Known: knownRules, Example: "url-password", Description: "Rules that are left out."},
			{Name: "removed", Order: 3, Type: Enum("include", "exclude", "only"), Example: "include",
				Description: "What becomes of secrets in files that a later layer deleted or replaced, which whoever pulls the image has all the same; include when absent."},
			{Name: "place", Order: 4, Type: Enum("all", "files", "config"), Example: "all",
				Description: "Where to look: in files, in the image's config (environment, labels, history), or in both; all when absent."},
			{Name: "path_exclude", Order: 5, Type: Text, Known: pathPattern, Example: ".*/testdata/.*", Description: "Regular expression, matched from the start; files whose path it matches are left out."},
		},
		Compile: compileAllSecrets,
	}},
}

func compileAllSecrets(v Values) (Check, error) {
	exclude, err := v.Regexp("path_exclude")
	if err != nil {
		return nil, err
	}
	rules, except := v.List("rules"), v.List("except_rules")
	removed, place := v.Word("removed", "include"), v.Word("place", "all")
	about := func(s *image.TextMatch) bool {
		switch {
		case rules != nil && !slices.Contains(rules, s.Rule), slices.Contains(except, s.Rule):
			return false
		case removed == "exclude" && s.Removed, removed == "only" && !s.Removed:
			return false
		}
		return place == "all" || (place == "config") == (s.Path == "")
	}
	return func(c *Context, fire Fire) error {
		for i := range c.Analysis.Secrets {
			s := &c.Analysis.Secrets[i]
			if !about(s) {
				continue
			}
			if exclude != nil && s.Path != "" {
				excluded, err := c.Match(exclude, s.Path.Abs())
				if err != nil {
					return err
				}
				if excluded {
					continue
				}
			}
			where := "config:" + s.Place
			if s.Path != "" {
				where = s.Path.Abs()
			}
			fire(s.Rule+"+"+where, secretText(s, where))
		}
		return nil
	}, nil
}

func secretText(s *image.TextMatch, where string) string {
	var b strings.Builder
	b.WriteString("Secret found by rule " + s.Rule + " in " + where)
	if s.Line > 0 && s.Path != "" {
		b.WriteString(" line " + strconv.Itoa(s.Line))
	}
	if s.More > 0 {
		b.WriteString(" and " + strconv.Itoa(s.More) + " more")
	}
	if s.Layer >= 0 {
		b.WriteString(", layer " + strconv.Itoa(s.Layer))
	}
	if s.Removed {
		b.WriteString(", removed by a later layer")
	}
	return b.String()
}
