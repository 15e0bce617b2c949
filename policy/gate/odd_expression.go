package gate

import (
	"maps"
	"strconv"
	"strings"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy/expr"
	"landwaiter.dev/policy/license"
)

// fieldWords are the texts that fields of the document of expressions can have, where they are few.
var fieldWords = map[string][]string{
	"Finding.severity":         severityWords,
	"Finding.vex_status":       knownStatuses.Words,
	"Finding.state":            {string(advisory.Fixed), string(advisory.NotFixed), string(advisory.WontFix), string(advisory.NotAffected), string(advisory.UnderInvestigation)},
	"Gap.kind":                 textsOf(image.GapKinds()),
	packageType:                textsOf(image.PackageTypes()),
	"Package.license_category": textsOf(license.Categories()),
	"Image.architecture":       architectures,
	"Image.os":                 systems,
	"Dockerfile.mode":          {string(Actual), string(Guessed), "Unknown"},
	"Distro.id":                advisory.DistroIDs(),
}

// packageType is the field whose texts are types of packages as package URLs write them.
const packageType = "Package.type"

// FieldWords are the texts that fields of the document of expressions can have, by field ("Finding.severity"), and the scale of
// severities with its numbers. The caller must not change them.
func FieldWords() map[string][]string {
	all := maps.Clone(fieldWords)
	for level, word := range severityWords {
		all["Finding.severity_level"] = append(all["Finding.severity_level"], strconv.Itoa(level)+" "+word)
	}
	return all
}

// knownInExpressions finds texts in an expression that what they are compared with never has.
var knownInExpressions = &Known{doubt: func(value string, n *Names) *Doubt {
	words := fieldWords
	if len(n.SecretRules) > 0 {
		words = maps.Clone(words)
		words["Secret.rule"] = n.SecretRules
	}
	found := expr.Oddities(value, words)
	if len(found) == 0 {
		return nil
	}
	odd := found[0]
	d := &Doubt{Text: odd.Field + " is never " + strconv.Quote(odd.Value), Value: odd.Value, Like: words[odd.Field]}
	if all := strings.Join(d.Like, ", "); len(all) < 300 {
		d.Hint = "it is one of " + all
	}
	switch odd.Field {
	case "Secret.rule":
		d.Hint = ownNames(n, "the setting analysis.secret_rules has none of that name")
	case packageType: // documents of others may have more
		d.Hint = OnlyNear
		if t, known := image.PackageTypeOfV1(odd.Value); known {
			d.Hint, d.Like = "did you mean "+string(t)+"?", nil
		}
	case "Distro.id":
		d.Text = unknownDistro + strconv.Quote(odd.Value)
	}
	return d
}}
