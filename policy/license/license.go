// Package license sorts licences by what they ask of those who pass software on, and judges SPDX licence expressions by the
// meaning of their operators: of licences joined by OR one may choose, those joined by AND hold all.
package license

import (
	"slices"
	"strings"
	"sync"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
)

// Category is what a licence asks for.
type Category string

// The categories, the mildest first. Unknown is what the table does not know: a LicenseRef, a text of one's own, nothing.
const (
	Permissive      Category = "permissive"       // to be named; public domain too
	WeakCopyleft    Category = "weak_copyleft"    // the source of the licensed part itself
	StrongCopyleft  Category = "strong_copyleft"  // the source of all that is made with it and passed on
	NetworkCopyleft Category = "network_copyleft" // the same for those who only use it over a network
	Proprietary     Category = "proprietary"      // use or change is restricted: non-commercial, source-available, by field
	Unknown         Category = "unknown"
)

// Categories are all of them, the mildest first.
func Categories() []Category {
	return []Category{Permissive, WeakCopyleft, StrongCopyleft, NetworkCopyleft, Proprietary, Unknown}
}

// ownPermissiveIDs are names without an identifier of the list that the analysis gives to what is free.
const ownPermissiveIDs = ` LicenseRef-public-domain LicenseRef-MIT-style`

// byID is the table by identifiers in lower case.
var byID = sync.OnceValue(func() map[string]Category {
	m := map[string]Category{}
	for category, ids := range map[Category]string{
		Permissive: permissiveIDs, WeakCopyleft: weakCopyleftIDs, StrongCopyleft: strongCopyleftIDs, NetworkCopyleft: networkCopyleftIDs, Proprietary: proprietaryIDs,
	} {
		if category == Permissive {
			ids += ownPermissiveIDs
		}
		for id := range strings.FieldsSeq(ids) {
			m[strings.ToLower(id)] = category
		}
	}
	return m
})

// CategoryOf sorts one licence: an identifier of the SPDX list, in any case, "GPL-2.0+" and "GPL-2.0" too, with or without
// an exception ("GPL-2.0-only WITH Classpath-exception-2.0").
func CategoryOf(id string) Category {
	id = strings.ToLower(strings.TrimSpace(id))
	id, exception, _ := strings.Cut(id, " with ")
	id = strings.TrimSuffix(id, "+")
	category, known := byID()[id]
	if !known {
		category, known = byID()[id+"-only"]
	}
	if !known {
		return Unknown
	}
	if category == StrongCopyleft && exception != "" && linkingExceptions()[strings.TrimSpace(exception)] {
		return WeakCopyleft
	}
	return category
}

var linkingExceptions = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for id := range strings.FieldsSeq(linkingExceptionIDs) {
		m[strings.ToLower(id)] = true
	}
	return m
})

// IDs are the identifiers of the SPDX list, those that are no longer to be used included, sorted.
var IDs = sync.OnceValue(func() []string {
	ids := slices.Concat(spdxlicenses.GetLicenses(), spdxlicenses.GetDeprecated())
	slices.Sort(ids)
	return ids
})

// Listed says whether a licence, with or without an exception and a plus sign, is on the SPDX list, in any case.
func Listed(id string) bool {
	id, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(id)), " with ")
	for _, name := range []string{id, strings.TrimSuffix(id, "+")} {
		if active, _ := spdxlicenses.IsActiveLicense(name); active {
			return true
		}
		if old, _ := spdxlicenses.IsDeprecatedLicense(name); old {
			return true
		}
	}
	return false
}
