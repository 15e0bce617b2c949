package advisory

import (
	"regexp"
	"strings"

	"landwaiter.dev/image"
)

// The functions here turn what os-release says into the release part of an ecosystem; "" when it cannot be told.

func after(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func fullVersion(d image.Distro) string { return d.VersionID }

func major(d image.Distro) string {
	m, _, _ := strings.Cut(d.VersionID, ".")
	if !digits(m) {
		return ""
	}
	return m
}

// debianCodenames serves images of testing, whose os-release has no VERSION_ID.
var debianCodenames = map[string]string{"stretch": "9", "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14"}

func debianRelease(d image.Distro) string {
	if d.VersionID == "" {
		return debianCodenames[d.Codename]
	}
	return major(d)
}

// alpineRelease is "v3.10" for 3.10.9; the edge branch names the release that it will be.
func alpineRelease(d image.Distro) string {
	parts := strings.SplitN(d.VersionID, ".", 3)
	if len(parts) < 2 || !digits(parts[0]) || !digits(parts[1]) {
		return ""
	}
	return "v" + parts[0] + "." + parts[1]
}

func redHatRelease(d image.Distro) string { return after("enterprise_linux:", major(d)) }

// centosRelease knows the releases that were rebuilt from Red Hat's; those after 8 are ahead of it.
func centosRelease(d image.Distro) string {
	switch m := major(d); m {
	case "5", "6", "7", "8":
		return redHatRelease(d)
	default:
		return ""
	}
}

// suseRelease is "Linux Enterprise 15 SP5" for 15.5.
func suseRelease(d image.Distro) string {
	version, pack, ok := strings.Cut(d.VersionID, ".")
	if !digits(version) {
		return ""
	}
	if ok {
		return "Linux Enterprise " + version + " SP" + pack
	}
	return "Linux Enterprise " + version
}

var eulerName = regexp.MustCompile(`(\d+\.\d+) \((LTS[A-Z0-9-]*)\)`)

// eulerRelease is "24.03-LTS-SP1": VERSION_ID leaves the service pack to the name.
func eulerRelease(d image.Distro) string {
	if m := eulerName.FindStringSubmatch(d.Name); m != nil {
		return m[1] + "-" + m[2]
	}
	return d.VersionID
}
