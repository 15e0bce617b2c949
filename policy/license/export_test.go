package license

import "strings"

// Table lists the identifiers of all categories.
func Table() []string {
	return strings.Fields(permissiveIDs + " " + weakCopyleftIDs + " " + strongCopyleftIDs + " " + networkCopyleftIDs + " " + proprietaryIDs)
}
