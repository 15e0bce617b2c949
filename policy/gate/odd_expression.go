package gate

import (
	"maps"
	"strconv"

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
	"Package.type":             textsOf(image.PackageTypes()),
	"Package.license_category": textsOf(license.Categories()),
	"Image.architecture":       architectures,
	"Image.os":                 systems,
	"Dockerfile.mode":          {string(Actual), string(Guessed), "Unknown"},
	"Distro.id":                advisory.DistroIDs(),
}

// knownInExpressions finds texts in an expression that what they are compared with never has.
var knownInExpressions = &Known{doubt: func(value string, n *Names) *Doubt {
	words := fieldWords
	if len(n.SecretRules) > 0 {
		words = maps.Clone(words)
		words["Secret.rule"] = n.SecretRules
	}
	for _, odd := range expr.Oddities(value, words) {
		d := &Doubt{Text: odd.Field + " is never " + strconv.Quote(odd.Value), Value: odd.Value, Like: words[odd.Field], Hint: "landwaiter policy describe and docs/policies.md tell its values"}
		switch odd.Field {
		case "Secret.rule":
			d.Hint = ownNames(n, "the setting analysis.secret_rules has none of that name")
		case "Package.type": // documents of others may have more
			d.Hint = OnlyNear
		case "Distro.id":
			d.Text = unknownDistro + strconv.Quote(odd.Value)
		}
		return d
	}
	return nil
}}
