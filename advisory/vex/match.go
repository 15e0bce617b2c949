package vex

import (
	"strings"

	"github.com/package-url/packageurl-go"

	"landwaiter.dev/image"
)

// installed is a package of an image as statements name it.
type installed struct {
	pkg    *image.Package
	purl   packageurl.PackageURL
	known  bool // its package URL can be made
	quals  map[string]string
	distro image.Distro
}

func newInstalled(p *image.Package, d image.Distro) *installed {
	i := &installed{pkg: p, distro: d}
	if u, err := packageurl.FromString(image.PURL(p, d)); err == nil {
		i.purl, i.known, i.quals = u, true, u.Qualifiers.Map()
	}
	return i
}

// is says whether one of a component's package URLs names the package: type, namespace and name must be equal, and
// version, qualifiers and subpath where they are given.
func (i *installed) is(c *Component) bool {
	if !i.known {
		return false
	}
	for n := range c.purls {
		if i.fits(&c.purls[n]) && i.within(c, &c.purls[n]) {
			return true
		}
	}
	return false
}

// within says whether the version is in the range of a component, where it has one.
func (i *installed) within(c *Component, p *packageurl.PackageURL) bool {
	if c.within == nil {
		return true
	}
	version := i.pkg.Version
	if ofSource(p) {
		version = i.pkg.SourceVersion
	}
	return c.within.contains(version)
}

func (i *installed) fits(p *packageurl.PackageURL) bool {
	if p.Type != i.purl.Type || p.Namespace != i.purl.Namespace {
		return false
	}
	if ofSource(p) {
		return p.Name == i.pkg.SourceName && sameVersion(p.Version, i.pkg.SourceVersion, i.pkg.Type)
	}
	if p.Name != i.purl.Name || p.Subpath != "" && p.Subpath != i.purl.Subpath {
		return false
	}
	if p.Version != "" && p.Version != i.purl.Version && !sameVersion(p.Version, i.pkg.Version, i.pkg.Type) {
		return false
	}
	for _, one := range p.Qualifiers {
		switch {
		case i.quals[one.Key] == one.Value:
		case one.Key == "distro" && i.ofDistro(one.Value):
		case one.Key == "epoch" && one.Value == "0" && i.quals["epoch"] == "":
		default:
			return false
		}
	}
	return true
}

// ofSource says whether a package URL is of a source package, as distributions write them; the packages built of it are
// meant.
func ofSource(p *packageurl.PackageURL) bool {
	if p.Type != string(image.Deb) && p.Type != string(image.RPM) {
		return false
	}
	arch := p.Qualifiers.Map()["arch"]
	return arch == "source" || arch == "src"
}

// sameVersion compares versions as texts; "" in a statement is any. The epoch of an rpm is given apart, in the version, or
// not at all, and the "v" of Go is often left out.
func sameVersion(said, have string, t image.PackageType) bool {
	if said == "" || said == have {
		return true
	}
	switch t {
	case image.RPM:
		_, rest, hasEpoch := strings.Cut(have, ":")
		return hasEpoch && rest == said || "0:"+have == said
	case image.Golang:
		return strings.TrimPrefix(said, "v") == strings.TrimPrefix(have, "v")
	}
	return false
}

// ofDistro says whether a qualifier "distro" names the image's distribution: ID-VERSION, its version or its codename.
func (i *installed) ofDistro(s string) bool {
	d := i.distro
	switch s {
	case "":
		return true
	case d.ID, d.VersionID, d.Codename, d.ID + "-" + d.VersionID, d.ID + "-" + d.Codename:
		return true
	}
	return false
}
