package catalog

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// classifier is a row of the table of known binaries: files of which names look like this, which content tells the
// version, and what the program is called.
type classifier struct {
	// names are base names, separated by blanks; one that ends in "*" stands for all that begin like it.
	names string
	// pattern is a regular expression (RE2) with a group "version", for which the shorthands below stand. Whatever it
	// matches is of bounded length and has a fixed text in it.
	pattern string
	// name of the package.
	name string
	// cpes are "vendor:product", separated by blanks, as the NVD writes them; empty where it knows none.
	cpes string
	// purl is the package URL without its version where it is not "pkg:generic/" and the name.
	purl string
	how  how
}

// how says what else holds for a row.
type how int

const (
	// text: the file need not be an executable.
	text how = 1 << iota
	// head: the match is the beginning of a small file.
	head
	// named: the version begins with the number in the file's name, where there is one: python3.11 holds a 3.11.
	named
	// unique: the pattern is weak; it counts when all that it matches in the whole file is one version.
	unique
)

// versionForms are the shorthands for the group "version" in patterns.
var versionForms = strings.NewReplacer(
	"<x.y>", `(?P<version>[0-9]{1,4}\.[0-9]{1,4})`,
	"<x.y[.z]>", `(?P<version>[0-9]{1,4}(?:\.[0-9]{1,4}){1,2})`,
	"<x.y.z>", `(?P<version>[0-9]{1,4}(?:\.[0-9]{1,4}){2})`,
	"<x.y.z.w>", `(?P<version>[0-9]{1,4}(?:\.[0-9]{1,4}){3})`,
)

// rule is a classifier made ready.
type rule struct {
	classifier
	re      *regexp.Regexp
	version int // number of the group
	anchor  anchor
}

// compile makes a rule of a row. It fails for patterns that could not be searched for in bounded time and memory.
func (c classifier) compile() (rule, error) {
	pattern := versionForms.Replace(c.pattern)
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return rule{}, err
	}
	r := rule{classifier: c}
	if c.how&head != 0 {
		pattern = `\A(?:` + pattern + ")"
	} else if r.anchor, err = anchorOf(tree); err != nil {
		return rule{}, fmt.Errorf("%s: %w", c.pattern, err)
	}
	if r.re, err = regexp.Compile(pattern); err != nil {
		return rule{}, err
	}
	if r.version = r.re.SubexpIndex("version"); r.version < 0 {
		return rule{}, fmt.Errorf("%s: no group named version", c.pattern)
	}
	return r, nil
}
