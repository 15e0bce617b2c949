package image

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/package-url/packageurl-go"
)

// MaxPURL is the length in bytes of the longest package URL that [ParsePURL] takes.
const MaxPURL = 8192

// ParsePURL reads a package URL: a package with its type, name, version and what qualifiers say, and the distribution that
// it names, zero when it names none. [Package.PURL] is the URL as given, in one line of ASCII, and nothing is known of a
// location. A type that is none of ours is kept as it is.
func ParsePURL(s string) (Package, Distro, error) {
	if len(s) > MaxPURL {
		return Package{}, Distro{}, fmt.Errorf("a package URL is longer than %d bytes", MaxPURL)
	}
	u, err := packageurl.FromString(s)
	if err == nil {
		err = readable(s)
	}
	if err != nil {
		return Package{}, Distro{}, fmt.Errorf("%.200q is not a package URL: %w", s, err)
	}
	q := u.Qualifiers.Map()
	p := Package{Type: PackageType(u.Type), Name: u.Name, Version: u.Version, Arch: q["arch"], PURL: escapePURL(s)}
	if p.Type == Golang {
		u.Namespace, p.Name = caseOf(s, u.Namespace, u.Name)
	}
	rule := purlRules[p.Type]
	var d Distro
	switch {
	case rule.distro:
		d = distroOfPURL(u.Namespace, q["distro"])
		applyUpstream(&p, q)
	case p.Type == Maven:
		p.Namespace = u.Namespace
	case u.Namespace != "":
		p.Name = u.Namespace + "/" + p.Name
	}
	if p.Type == Pods && u.Subpath != "" {
		p.Name += "/" + u.Subpath
	}
	for _, key := range rule.extra {
		if q[key] == "" {
			continue
		}
		if p.Extra == nil {
			p.Extra = map[string]string{}
		}
		p.Extra[key] = q[key]
	}
	return p, d, nil
}

// readable refuses what is no text.
func readable(s string) error {
	text, err := url.PathUnescape(s)
	if err == nil && (!utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0) {
		err = errors.New("it holds bytes that are no text")
	}
	return err
}

// escapePURL writes what cannot stand in a URL as it is by its bytes: blanks, line breaks, other scripts.
func escapePURL(s string) string {
	bad := func(c byte) bool { return c <= ' ' || c >= 0x7f }
	n := 0
	for i := range len(s) {
		if bad(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+2*n)
	for i := range len(s) {
		if c := s[i]; bad(c) {
			b = append(b, '%', digits[c>>4], digits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

// caseOf gives namespace and name of a package URL as written, where the specification folds their case but the
// ecosystem does not.
func caseOf(s, namespace, name string) (string, string) {
	_, rest, _ := strings.Cut(s, ":")
	_, rest, _ = strings.Cut(strings.TrimLeft(rest, "/"), "/")
	u, err := packageurl.FromString("pkg:asis/" + rest)
	if err != nil || !strings.EqualFold(u.Namespace, namespace) || !strings.EqualFold(u.Name, name) {
		return namespace, name
	}
	return u.Namespace, u.Name
}

// distroOfPURL reads the namespace and the qualifier "distro", which is ID-VERSION, a codename, or a version alone.
func distroOfPURL(vendor, distro string) Distro {
	id := vendor
	for from, to := range purlVendors {
		if vendor == to && !strings.HasPrefix(from, "opensuse") {
			id = from
		}
	}
	if name, version, ok := cutLast(distro, '-'); ok && startsWithDigit(version) {
		return Distro{ID: name, VersionID: version}
	}
	switch {
	case distro == "" || distro == id:
		return Distro{ID: id}
	case startsWithDigit(distro):
		return Distro{ID: id, VersionID: distro}
	default:
		return Distro{ID: id, Codename: distro}
	}
}

// applyUpstream reads the qualifiers of operating-system packages. A package without another source is its own.
func applyUpstream(p *Package, q map[string]string) {
	version := p.Version
	if p.Type == RPM {
		if q["epoch"] != "" {
			p.Version = q["epoch"] + ":" + p.Version
		}
		p.Modularity = q["rpmmod"]
	}
	p.SourceName, p.SourceVersion = p.Name, p.Version
	upstream := q["upstream"]
	switch {
	case upstream == "":
	case p.Type == RPM:
		p.SourceRPM = upstream
		if name, v, ok := ParseSourceRPM(upstream); ok {
			p.SourceName = name
			if v != version {
				p.SourceVersion = v
			}
		}
	default:
		name, v, ok := strings.Cut(upstream, "@")
		p.SourceName = name
		if ok {
			p.SourceVersion = v
		}
	}
}

// ParseSourceRPM reads the name and the version with release, without epoch, of the file name of a source rpm.
func ParseSourceRPM(file string) (name, version string, ok bool) {
	base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(file, ".rpm"), ".src"), ".nosrc")
	rest, release, ok := cutLast(base, '-')
	if !ok || base == file {
		return "", "", false
	}
	name, v, ok := cutLast(rest, '-')
	return name, v + "-" + release, ok && name != "" && v != "" && release != ""
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func startsWithDigit(s string) bool { return s != "" && '0' <= s[0] && s[0] <= '9' }
