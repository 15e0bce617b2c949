package gate

import (
	"strings"
	"unicode"
)

var retrievedGate = Gate{
	Name:        "retrieved_files",
	Description: "Checks of the files whose content the analyser's settings ask for.",
	Triggers: []Trigger{
		{
			Name:        "content_not_available",
			Description: "Fires when a file is not in the image, or not among those asked for.",
			Params:      []Param{retrievedPath},
			Compile: func(v Values) (Check, error) {
				path := v["path"]
				return func(c *Context, fire Fire) error {
					if c.retrieved(path) == nil {
						fire("", "Cannot locate file in the image analysis")
					}
					return nil
				}, nil
			},
		},
		{
			Name: "content_regex",
			Description: "Fires when a word of the file matches a regular expression, or when none does. The trigger id is the id of the rule, followed by " +
				"+file:// and the path.",
			Params: []Param{
				retrievedPath,
				{Name: "check", Required: true, Type: Enum("match", "no_match"), Example: "match", Description: "Whether to fire when a word matches, or when none does."},
				{Name: "regex", Required: true, Type: Text, Example: ".*SSL.*", Description: "Regular expression, matched from the start of each word; words are what stands between white space."},
			},
			Compile: compileContentRegex,
		},
	},
}

var retrievedPath = Param{Name: "path", Order: 1, Required: true, Type: Text, Known: absolutePath, Example: "/etc/httpd.conf", Description: "Absolute path of the file."}

func compileContentRegex(v Values) (Check, error) {
	path, check := v["path"], v["check"]
	re, err := v.Regexp("regex")
	if err != nil {
		return nil, err
	}
	return func(c *Context, fire Fire) error {
		f := c.retrieved(path)
		if f == nil {
			return nil
		}
		found := false
		for word := range strings.FieldsFuncSeq(string(f.Content), isPythonSpace) {
			if found, err = c.Match(re, word); found || err != nil {
				break
			}
		}
		if err != nil {
			return err
		}
		if found == (check == "match") {
			fire(c.RuleID+"+file://"+path, "Content regex '"+v["regex"]+"' check '"+check+"' found in retrieved file '"+path+"'")
		}
		return nil
	}, nil
}

// isPythonSpace says where Python splits a text into words: also at the separators of ASCII.
func isPythonSpace(r rune) bool { return unicode.IsSpace(r) || '\x1c' <= r && r <= '\x1f' }
