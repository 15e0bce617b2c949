package gate

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

var licensesGate = Gate{
	Name:        "licenses",
	Description: "Checks of the licences that packages of every kind declare, word by word.",
	Triggers: []Trigger{
		{
			Name:        "blacklist_exact_match",
			Description: "Fires once, with all packages that declare a licence that is not allowed.",
			Params: []Param{{Name: "licenses", Required: true, Type: List, Example: "GPLv2+,GPL-3+,BSD-2-clause",
				Description: "Words that are not allowed, in their exact spelling."}},
			Compile: func(v Values) (Check, error) {
				denied := v.Set("licenses")
				return listLicenses("LICFULLMATCH", func(word string, add func()) {
					if denied[word] {
						add()
					}
				}), nil
			},
		},
		{
			Name:        "blacklist_partial_match",
			Description: "Fires once, with all packages that declare a licence which holds a text that is not allowed.",
			Params: []Param{{Name: "licenses", Required: true, Type: List, Example: "LGPL,BSD",
				Description: "Texts that no word may hold, in their exact spelling."}},
			Compile: func(v Values) (Check, error) {
				denied := v.List("licenses")
				return listLicenses("LICSUBMATCH", func(word string, add func()) {
					for _, d := range denied {
						if strings.Contains(word, d) {
							add()
						}
					}
				}), nil
			},
		},
	},
}

// licensed is a package with the words of what it declares.
type licensed struct {
	name  string
	words []string
}

// licensedPackages lists all packages by name.
func (c *Context) licensedPackages() []licensed {
	return c.licenses.get(func() []licensed {
		order := slices.Clone(c.installed())
		slices.SortStableFunc(order, func(a, b *image.Package) int { return cmp.Compare(a.Name, b.Name) })
		list := make([]licensed, len(order))
		for i, p := range order {
			list[i] = licensed{p.Name, strings.Fields(strings.Join(p.Licenses, " "))}
			if len(list[i].words) == 0 {
				list[i].words = noLicense[p.Type == image.Deb]
			}
		}
		return list
	})
}

// noLicense is what stands for a licence that is not known, by whether the package is dpkg's.
var noLicense = map[bool][]string{true: {"Unknown"}, false: {"N/A"}}

// maxMessage bounds the one message that lists packages, in bytes.
const maxMessage = 8 << 20

var errLongMessage = errors.New("the list of packages with these licences is longer than 8 MiB: name licences that fewer packages have")

// listLicenses fires once for all pairs of package and word, by name and place of the word; test adds a pair for each reason.
func listLicenses(mark string, test func(word string, add func())) Check {
	return func(c *Context, fire Fire) error {
		var b strings.Builder
		for _, p := range c.licensedPackages() {
			for _, w := range p.words {
				test(w, func() {
					if b.Len() > maxMessage {
						return
					}
					if b.Len() > 0 {
						b.WriteString(", ")
					}
					b.WriteString(p.name + "(" + w + ")")
				})
				if err := c.Over(); err != nil {
					return err
				}
			}
		}
		switch {
		case b.Len() > maxMessage:
			return errLongMessage
		case b.Len() > 0:
			fire("", mark+" Packages are installed that have blacklisted licenses: "+b.String())
		}
		return nil
	}
}
