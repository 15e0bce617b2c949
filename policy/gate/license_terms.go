package gate

import (
	"slices"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/spdx"
	"landwaiter.dev/policy/license"
)

var licenseTermsGate = Gate{
	Name: "license_terms",
	Description: "Checks of what the licences of packages ask for. They are read as SPDX expressions, as the analysis makes them of what packages declare and of the texts that they " +
		"ship. An addition of Landwaiter.",
	Triggers: []Trigger{{
		Name: "category",
		Description: "Fires for each package that cannot be used without accepting a licence of the categories given: permissive, weak_copyleft, strong_copyleft, network_copyleft, " +
			"proprietary (non-commercial and source-available ones too) or unknown. Of licences joined by OR one may choose, unless choice=worst. The trigger id is the first such category and the " +
			"package's name, joined by +.",
		Params: []Param{
			{Name: "categories", Order: 1, Required: true, Type: List, Known: knownKinds, Example: "network_copyleft,proprietary", Description: "Categories that are not accepted."},
			{Name: "choice", Order: 2, Type: Enum("best", "worst"), Example: "best",
				Description: "Whether of licences joined by OR an acceptable one is enough (best), or all must be acceptable (worst); best when absent."},
			{Name: "except_licenses", Order: 3, Type: List, Known: knownLicenses, Example: "GPL-2.0-only", Description: "Licences that are accepted whatever their category, by SPDX identifier; without its exception such a one covers it with every exception."},
			{Name: "except_packages", Order: 4, Type: List, Example: "bash,coreutils", Description: "Packages that are left out, in the exact spelling of their names."},
			{Name: "package_type", Order: 5, Type: packageTypes, Example: "non-os", Description: "Kind of packages to look at; all when absent."},
		},
		Compile: compileLicenseCategory,
	}},
}

func compileLicenseCategory(v Values) (Check, error) {
	all := license.Categories()
	denied := map[license.Category]bool{}
	for _, word := range v.List("categories") {
		category := license.Category(word)
		if !slices.Contains(all, category) {
			return nil, BadValue("categories", "there is no category %q; there are %s", word, strings.Join(textsOf(all), ", "))
		}
		denied[category] = true
	}
	strict := v.Word("choice", "best") == "worst"
	accepted := map[string]bool{}
	for _, id := range v.List("except_licenses") {
		accepted[strings.ToLower(id)] = true
	}
	packages, packageType := v.List("except_packages"), v.Word("package_type", "all")
	refuses := func(id string) bool {
		lower := strings.ToLower(id)
		base, _, _ := strings.Cut(lower, " with ")
		return denied[license.CategoryOf(id)] && !accepted[lower] && !accepted[base]
	}
	return func(c *Context, fire Fire) error {
		known := map[string][]string{} // by expression: packages share them
		for i := range c.Analysis.Packages {
			p := &c.Analysis.Packages[i]
			if packageType != "all" && (packageType == "os") != p.Type.OS() || slices.Contains(packages, p.Name) {
				continue
			}
			refused, done := known[p.License]
			if !done {
				refused = refusedLicenses(p.License, refuses, strict)
				known[p.License] = refused
			}
			if len(refused) > 0 {
				category := string(license.CategoryOf(refused[0]))
				fire(category+"+"+p.Name, licenseText(p, category, refused))
			}
		}
		return nil
	}, nil
}

// refusedLicenses are those of an expression that stand in the way. One that cannot be read, or is not there, is a licence
// that nobody knows.
func refusedLicenses(expression string, refuses func(string) bool, strict bool) []string {
	e, err := spdx.Parse(expression)
	if err == nil {
		return license.Refused(e, refuses, strict)
	}
	if expression == "" {
		expression = "none"
	}
	if refuses(expression) {
		return []string{expression}
	}
	return nil
}

func licenseText(p *image.Package, category string, refused []string) string {
	s := "License category " + category + ": package " + p.Name + " " + p.Version + " (" + p.Type.V1() + ") "
	if p.License == "" {
		return s + "has no known license"
	}
	s += "is under " + p.License
	if text := strings.Join(refused, ", "); text != p.License {
		s += ", not accepted: " + text
	}
	return s
}

func textsOf[T ~string](list []T) []string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return words
}
