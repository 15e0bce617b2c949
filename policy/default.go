package policy

import (
	_ "embed"
	"slices"
)

//go:embed default_bundle.json
var defaultBundle []byte

// Default is the bundle that new accounts get and that a scan without a policy uses.
func Default() []byte { return slices.Clone(defaultBundle) }
