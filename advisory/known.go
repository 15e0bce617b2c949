package advisory

import "slices"

// Ecosystems are the names of all that advisories are read for, without releases: "Debian", "PyPI".
func Ecosystems() []string {
	var names []string
	for i := range distributions {
		names = append(names, distributions[i].ecosystem)
	}
	for i := range languages {
		names = append(names, languages[i].ecosystem)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// HasReleases says whether advisories of an ecosystem are kept by releases of its distribution: "Debian:12".
func HasReleases(ecosystem string) bool {
	return slices.ContainsFunc(distributions, func(d distribution) bool { return d.ecosystem == ecosystem && d.release != nil })
}

// DistroIDs are the IDs of os-release that are known here, with and without advisories.
func DistroIDs() []string {
	var ids []string
	for i := range distributions {
		ids = append(ids, distributions[i].id)
	}
	for id := range unpublished {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
