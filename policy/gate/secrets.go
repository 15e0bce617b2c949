package gate

import (
	"slices"
	"strings"
)

var secretsGate = Gate{
	Name: "secret_scans",
	Description: "Checks of the secrets that were found in the files of the image as it runs. What stands in its config and what a later layer " +
		"removed is not looked at.",
	Triggers: []Trigger{{
		Name: "content_regex_checks",
		Description: "Fires for each file and each expression for secrets that was found in it, or once where none was. The expressions are the five " +
			"of Anchore Engine and your own; a detector of Landwaiter counts where it is named.",
		Params: []Param{
			{Name: "content_regex_name", Order: 1, Type: Text, Known: &Known{doubt: oddRuleNames}, Example: "AWS_ACCESS_KEY",
				Description: "Names or full texts of expressions, and names of detectors, with commas between; all expressions and no detectors when absent."},
			{Name: "filename_regex", Order: 2, Type: Text, Known: pathPattern, Example: "/etc/.*", Description: "Regular expression, matched from the start of the absolute path; all files when absent."},
			{Name: "match_type", Order: 3, Type: Enum("notfound", "found"), Example: "found", Description: "Whether to fire for what is found, or where nothing is; found when absent."},
		},
		Compile: compileSecrets,
	}},
}

func compileSecrets(v Values) (Check, error) {
	re, err := v.Regexp("filename_regex")
	if err != nil {
		return nil, err
	}
	names, hasNames := v["content_regex_name"], v["content_regex_name"] != ""
	detectors := v.List("content_regex_name")
	counts := func(s *sighting) bool {
		switch {
		case s.pattern == "":
			return slices.Contains(detectors, s.rule)
		case !hasNames:
			return true
		}
		// Neither names nor texts are taken apart, so that "PRIV_KEYS" stands for PRIV_KEY too.
		return s.rule != "" && strings.Contains(names, s.rule) || strings.Contains(names, s.pattern)
	}
	wantFound := v.Word("match_type", "found") == "found"
	return func(c *Context, fire Fire) error {
		all := c.secrets.get(func() []sighting { return sightings(c.Analysis.Secrets) })
		found := false
		for i := range all {
			s := &all[i]
			if !counts(s) {
				continue
			}
			if re != nil {
				if ok, err := c.Match(re, s.path); !ok || err != nil {
					if err != nil {
						return err
					}
					continue
				}
			}
			found = true
			if wantFound {
				fire("", "Secret content search analyzer found regexp match in container: file="+s.path+" regexp="+s.expression())
			}
		}
		if !found && !wantFound {
			fire("", "Secret content search analyzer did not find regexp match in container: filename_regex="+orWord(v["filename_regex"], "*")+
				" content_regex_name="+orWord(names, "all"))
		}
		return nil
	}, nil
}

// orWord is s, or the word that stands for nothing.
func orWord(s, nothing string) string {
	if s == "" {
		return nothing
	}
	return s
}
