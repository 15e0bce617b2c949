package gate

import "strings"

// active lists every gate that works, in the order in which they are shown. The gates of the original come first; the last
// are additions of Landwaiter.
var active = []*Gate{
	&alwaysGate,
	&dockerfileGate,
	&filesGate,
	&gemsGate,
	&metadataGate,
	&licensesGate,
	&malwareGate,
	&npmsGate,
	&packagesGate,
	&passwdGate,
	&retrievedGate,
	&secretsGate,
	&vulnerabilitiesGate,
	&analysisGate,
	&exploitabilityGate,
	&remediationGate,
	&inheritanceGate,
	&licenseTermsGate,
	&allSecretsGate,
	&imageGate,
	&signaturesGate,
	&expressionGate,
}

// Active returns the gates that work, in the order of the list. The caller must not change them.
func Active() []*Gate { return active }

// Retired returns the gates that were retired, in the order in which they are shown.
func Retired() []*Gate { return retired }

// Find returns the active or retired gate of that name in any case; nil when there is none.
func Find(name string) *Gate {
	for _, list := range [][]*Gate{active, retired} {
		for _, g := range list {
			if strings.EqualFold(g.Name, name) {
				return g
			}
		}
	}
	return nil
}

// ActiveNames are the names of the gates that work.
func ActiveNames() []string {
	names := make([]string, len(active))
	for i, g := range active {
		names[i] = g.Name
	}
	return names
}
