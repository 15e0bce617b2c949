package advisory

import (
	"regexp"
	"strconv"
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

// prefixed is for releases that carry a name before their version.
func prefixed(name string) func(image.Distro) string {
	return func(d image.Distro) string { return after(name, d.VersionID) }
}

// coreRelease is the release of Ubuntu whose packages a base snap is made of: "22.04" for Ubuntu Core 22.
func coreRelease(d image.Distro) string {
	if !digits(d.VersionID) {
		return ""
	}
	return d.VersionID + ".04"
}

func fullVersion(d image.Distro) string { return d.VersionID }

func major(d image.Distro) string {
	m, _, _ := strings.Cut(d.VersionID, ".")
	if !digits(m) {
		return ""
	}
	return m
}

// debianCodenames serves images of testing and unstable, whose os-release has no VERSION_ID but the name of the release
// that they will be, and sources that name releases.
var debianCodenames = map[string]string{
	"wheezy": "7", "jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14", "duke": "15",
}

// DebianRelease is the number of the release of Debian that is called by a codename: "12" for "bookworm"; "" when it is
// not known here.
func DebianRelease(codename string) string { return debianCodenames[codename] }

func debianRelease(d image.Distro) string {
	if d.VersionID == "" || d.VersionID == "unstable" {
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

// centosRelease knows the releases that were rebuilt from Red Hat's; Stream, and all after 8, are ahead of it.
func centosRelease(d image.Distro) string {
	if strings.Contains(d.Name, "Stream") {
		return ""
	}
	switch m := major(d); m {
	case "5", "6", "7", "8":
		return redHatRelease(d)
	default:
		return ""
	}
}

// suseRelease is "Linux Enterprise 15 SP5" for 15.5, and "Linux Enterprise 16.0" since there are no service packs.
func suseRelease(d image.Distro) string {
	version, minor, ok := strings.Cut(d.VersionID, ".")
	number, err := strconv.Atoi(version)
	switch {
	case err != nil || ok && !digits(minor):
		return ""
	case !ok:
		return "Linux Enterprise " + version
	case number >= 16:
		return "Linux Enterprise " + d.VersionID
	}
	return "Linux Enterprise " + version + " SP" + minor
}

var eulerName = regexp.MustCompile(`(\d+\.\d+) \(?(LTS[A-Z0-9-]*)\)?`)

// eulerRelease is "24.03-LTS-SP1": VERSION_ID leaves the service pack to the name.
func eulerRelease(d image.Distro) string {
	if m := eulerName.FindStringSubmatch(d.Name); m != nil {
		return m[1] + "-" + m[2]
	}
	return d.VersionID
}

var amazonFirst = regexp.MustCompile(`^20(1[1-8])\.\d\d$`)

// amazonRelease is "2" or "2023". All releases of the first Amazon Linux are updated to its last one.
func amazonRelease(d image.Distro) string {
	if amazonFirst.MatchString(d.VersionID) {
		return "2018.03"
	}
	return major(d)
}
