package advisory

import "landwaiter.dev/image"

// EcosystemOfDistro is the ecosystem of a distribution's own packages, with its release; "" when there is none.
func EcosystemOfDistro(d image.Distro) string {
	for i := range distributions {
		if distributions[i].id == d.ID {
			return EcosystemOf(distributions[i].packages, d)
		}
	}
	return ""
}
