package gate

import (
	"fmt"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

var packagesGate = Gate{
	Name: "packages",
	Description: "Checks of the packages of every kind: those of the distribution and those of programming languages. What a package of the " +
		"distribution brought along is that package.",
	Triggers: []Trigger{
		{
			Name:        "required_package",
			Description: "Fires when a package is missing, or is not there in the version asked for. Of several of one name only the first is looked at: the distribution's, else the one with the least path.",
			Params: []Param{
				{Name: "name", Order: 1, Required: true, Type: Text, Example: "libssl3", Description: "Name of the package, in its exact spelling."},
				{Name: "version", Order: 2, Type: Text, Example: "3.0.9-1", Description: "Version of the package in full."},
				{Name: "version_match_type", Order: 3, Type: Enum("exact", "minimum"), Example: "exact",
					Description: "Whether the version must be the same, or may be newer by the rules of the package's kind; exact when absent."},
			},
			Compile: compileRequired,
		},
		verifyTrigger,
		{
			Name:        "blacklist",
			Description: "Fires for each installed copy of a package that is not allowed.",
			Params: []Param{
				{Name: "name", Order: 1, Required: true, Type: Text, Example: "telnetd", Description: "Name of the package, in its exact spelling."},
				{Name: "version", Order: 2, Type: Text, Example: "1.1.1c",
					Description: "Version that is not allowed, without the release for rpm and apk; every version when absent."},
			},
			Compile: compileDeniedPackage,
		},
	},
}

func compileRequired(v Values) (Check, error) {
	name, version, hasVersion := v["name"], v["version"], v["version"] != ""
	minimum := v.Word("version_match_type", "exact") == "minimum"
	return func(c *Context, fire Fire) error {
		p := firstNamed(c.installed(), name)
		switch {
		case p == nil && hasVersion:
			fire("", "Required input package ("+name+","+version+") is not present in container image")
		case p == nil:
			fire("", "Required input package ("+name+") is not present in container image")
		case !hasVersion || p.Version == version:
		case !minimum:
			fire("", "Required input package ("+name+") is present ("+p.Version+"), but not at the version specified in policy ("+name+")")
		default:
			older, err := c.older(p, version)
			if err != nil {
				return err
			}
			if older {
				fire("", "Required min-version input package ("+name+") is present ("+p.Version+"), but is lower version than what is specified in policy ("+version+")")
			}
		}
		return nil
	}, nil
}

func compileDeniedPackage(v Values) (Check, error) {
	name, version := v["name"], v["version"]
	return func(c *Context, fire Fire) error {
		for _, p := range c.installed() {
			switch {
			case p.Name != name:
			case version == "":
				fire("", "Package is blacklisted: "+name)
			case withoutRelease(p.Type, p.Version) == version:
				fire("", "Package is blacklisted: "+name+"-"+version)
			}
		}
		return nil
	}, nil
}

// firstNamed is the first package of that name; nil when there is none.
func firstNamed(packages []*image.Package, name string) *image.Package {
	i := slices.IndexFunc(packages, func(p *image.Package) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return packages[i]
}

// orders names the version order of each kind of package by an ecosystem that has it.
var orders = map[image.PackageType]string{
	image.Deb: "Debian", image.RPM: "Red Hat", image.APK: "Alpine", image.Python: "PyPI", image.NPM: "npm", image.Gem: "RubyGems",
	image.Maven: "Maven", image.Golang: "Go", image.Cargo: "crates.io", image.Composer: "Packagist",
	image.NuGet: "NuGet", image.Pub: "Pub", image.Hex: "Hex", image.Hackage: "Hackage", image.CRAN: "CRAN", image.Julia: "Julia",
	image.Opkg: "Debian", image.Ebuild: "Alpine", // opkg compares as dpkg does, and apk as portage
}

// older says whether the installed package is older than the wanted version. A release is compared when the wanted version
// has one, an epoch when both have one.
func (c *Context) older(p *image.Package, wanted string) (bool, error) {
	order, known := orders[p.Type]
	if !known || c.Compare == nil {
		return false, fmt.Errorf("the version order of packages of type %q is not known", p.Type)
	}
	installed := p.Version
	if withoutRelease(p.Type, wanted) == wanted {
		installed = withoutRelease(p.Type, installed)
	}
	if p.Type == image.Deb || p.Type == image.RPM {
		a, aHas := cutEpoch(installed)
		b, bHas := cutEpoch(wanted)
		if aHas != bHas {
			installed, wanted = a, b
		}
	}
	n, err := c.Compare(order, installed, wanted)
	if err != nil {
		return false, fmt.Errorf("comparing version %q of package %q with %q: %w", p.Version, p.Name, wanted, err)
	}
	return n < 0, nil
}

func cutEpoch(version string) (rest string, has bool) {
	epoch, rest, has := strings.Cut(version, ":")
	if !has || epoch == "" || strings.Trim(epoch, "0123456789") != "" {
		return version, false
	}
	return rest, true
}

// withoutRelease is the version as /v1 shows it: without the release for rpm and apk, in full for all others.
func withoutRelease(t image.PackageType, version string) string {
	i := strings.LastIndexByte(version, '-')
	switch {
	case i < 0:
	case t == image.RPM:
		return version[:i]
	case t == image.APK && len(version) > i+2 && version[i+1] == 'r' && !slices.ContainsFunc([]byte(version[i+2:]), func(b byte) bool { return b < '0' || b > '9' }):
		return version[:i]
	}
	return version
}
