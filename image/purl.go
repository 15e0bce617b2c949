package image

import (
	"strings"

	"github.com/package-url/packageurl-go"
)

// purlRule is how the package-URL type of a package writes it (package-url/purl-spec, types/).
type purlRule struct {
	// split says that a name "a/b" is the namespace "a" and the name "b".
	split bool
	// distro says that the namespace is the distribution's vendor.
	distro bool
	// name writes the name as the type has it; nil leaves it.
	name func(string) string
	// extra are keys of [Package.Extra] that are qualifiers of the same name.
	extra []string
}

// purlRules has a row for each type that is not written as it is.
var purlRules = map[PackageType]purlRule{
	Deb:      {distro: true},
	APK:      {distro: true},
	RPM:      {distro: true},
	ALPM:     {distro: true},
	Opkg:     {distro: true},
	Ebuild:   {split: true},
	NPM:      {split: true},
	Golang:   {split: true},
	Composer: {split: true},
	Hex:      {split: true, name: strings.ToLower},
	OTP:      {name: strings.ToLower},
	Brew:     {split: true, name: strings.ToLower}, // of a tap: user/repository/formula
	PEAR:     {split: true},                        // of a channel: host/package
	Swift:    {split: true, name: swiftName},
	LuaRocks: {split: true, name: strings.ToLower},
	CPAN:     {split: true, name: func(s string) string { return strings.ReplaceAll(s, "::", "-") }},
	Gem:      {extra: []string{"platform"}},
	Pub:      {name: pubName},
	Conda:    {extra: []string{"build", "channel", "subdir", "type"}},
	Conan:    {extra: []string{"channel", "prev", "rrev", "user"}},
	Julia:    {extra: []string{"uuid"}},
	Nix:      {extra: []string{"output", "outputhash"}},
}

// purlVendors are the namespaces of distributions whose packages are not filed under their os-release ID.
var purlVendors = map[string]string{
	"rhel": "redhat", "sles": "suse", "opensuse-leap": "opensuse", "opensuse-tumbleweed": "opensuse",
}

// PURL is the package URL of a package in an image of distribution d: the one that an import gave, else one made by the
// rules of its type. It is "" where these ask for what is not known, such as a Julia package's uuid.
func PURL(p *Package, d Distro) string {
	if p.PURL != "" {
		return escapePURL(p.PURL)
	}
	rule := purlRules[p.Type]
	namespace, name, version, subpath := p.Namespace, p.Name, p.Version, ""
	q := packageurl.Qualifiers{{Key: "arch", Value: p.Arch}}
	if rule.name != nil {
		name = rule.name(name)
	}
	if rule.split {
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			namespace, name = name[:i], name[i+1:]
		}
	}
	for _, key := range rule.extra {
		q = append(q, packageurl.Qualifier{Key: key, Value: p.Extra[key]})
	}
	switch {
	case rule.distro:
		var more packageurl.Qualifiers
		namespace, version, more = purlOfDistro(p, d)
		q = append(q, more...)
	case p.Type == Pods:
		name, subpath, _ = strings.Cut(name, "/")
	}
	known := q[:0]
	for _, one := range q {
		if one.Value != "" {
			known = append(known, one)
		}
	}
	u := packageurl.NewPackageURL(string(p.Type), namespace, name, version, known, subpath)
	if u.Normalize() != nil {
		return ""
	}
	return u.ToString()
}

// purlOfDistro gives the vendor, the version without the epoch of an rpm, and what else tells about a package of a
// distribution; "upstream" and "rpmmod" are not in the specification, but others write them too.
func purlOfDistro(p *Package, d Distro) (vendor, version string, q packageurl.Qualifiers) {
	add := func(key, value string) { q = append(q, packageurl.Qualifier{Key: key, Value: value}) }
	vendor, version = d.ID, p.Version
	if v := purlVendors[d.ID]; v != "" {
		vendor = v
	}
	if d.ID != "" && d.VersionID != "" {
		add("distro", d.ID+"-"+d.VersionID)
	}
	switch {
	case p.Type == RPM:
		if epoch, rest, ok := strings.Cut(version, ":"); ok {
			version = rest
			add("epoch", epoch)
		}
		add("rpmmod", p.Modularity)
		add("upstream", p.SourceRPM)
	case p.SourceName != "" && p.SourceName != p.Name:
		upstream := p.SourceName
		if p.SourceVersion != "" && p.SourceVersion != p.Version {
			upstream += "@" + p.SourceVersion
		}
		add("upstream", upstream)
	}
	return vendor, version, q
}

// swiftName is the place of a Swift package without scheme and ".git".
func swiftName(s string) string {
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	return strings.TrimSuffix(s, ".git")
}

func pubName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		default:
			return '_'
		}
	}, s)
}
