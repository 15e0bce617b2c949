package advisory

import (
	"fmt"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// EcosystemCPE is the ecosystem of what is looked up by CPE: programs that are known by their content and belong to no
// package. It is no ecosystem of OSV's: names of it are "vendor:product", and NVD's configurations are its records.
const EcosystemCPE = "CPE"

// byCPE is the row of [languages] that is not in it, because not every package of its type has a CPE.
var byCPE = language{image.Binary, EcosystemCPE, "nvdv2:cves", cpeOrder}

// CPE is a name of CPE 2.3, reduced to what is used; quoting is taken off. "*" stands for any value, "-" for none.
type CPE struct {
	Part, Vendor, Product, Version, Update, Edition, TargetSoftware string
}

// maxCPE is the longest CPE in bytes that is read; the longest of NVD have about 250.
const maxCPE = 1000

// ParseCPE reads a name in the form "cpe:2.3:a:vendor:product:…" and says false for anything else.
func ParseCPE(s string) (CPE, bool) {
	rest, ok := strings.CutPrefix(s, "cpe:2.3:")
	if !ok || len(s) > maxCPE || !graphic(s) {
		return CPE{}, false
	}
	var fields [11]string
	n := 0
	var value strings.Builder
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\' && i+1 < len(rest):
			i++
			value.WriteByte(rest[i])
		case c == ':':
			if n == len(fields)-1 {
				return CPE{}, false
			}
			fields[n] = value.String()
			n++
			value.Reset()
		default:
			value.WriteByte(c)
		}
	}
	if fields[n] = value.String(); n != len(fields)-1 || slices.Contains(fields[:], "") {
		return CPE{}, false
	}
	return CPE{
		Part: fields[0], Vendor: strings.ToLower(fields[1]), Product: strings.ToLower(fields[2]),
		Version: fields[3], Update: fields[4], Edition: fields[7], TargetSoftware: fields[8],
	}, true
}

// URI is the name in the older form of CPE 2.2, up to the update: "cpe:/a:vendor:product:1.2".
func (c CPE) URI() string {
	var b strings.Builder
	b.WriteString("cpe:/")
	for i, field := range []string{c.Part, c.Vendor, c.Product, c.Version, c.Update} {
		if i > 0 {
			b.WriteByte(':')
		}
		if field == "*" {
			continue // any
		}
		for _, char := range []byte(field) {
			switch {
			case 'a' <= char && char <= 'z', 'A' <= char && char <= 'Z', '0' <= char && char <= '9', strings.IndexByte("._-", char) >= 0:
				b.WriteByte(char)
			default:
				fmt.Fprintf(&b, "%%%02x", char)
			}
		}
	}
	return strings.TrimRight(b.String(), ":")
}

// Name is "vendor:product", under which records are filed.
func (c *CPE) Name() string { return c.Vendor + ":" + c.Product }

// FullVersion is the version with its update: "8-update392", "3.0.0-alpha1"; "" where it names none, or any.
func (c *CPE) FullVersion() string {
	switch {
	case c.Version == "*" || c.Version == "-":
		return ""
	case c.Update == "*" || c.Update == "-":
		return c.Version
	}
	return c.Version + "-" + c.Update
}

// maxCPEs is how many CPEs of a package are looked up; known binaries have up to two.
const maxCPEs = 8

// cpesOf is what the lookup of a package by CPE needs, as its [Package.Namespace]: "vendor:product" of each CPE of an
// application, with "@version" where the CPE writes the version in another way than the package does. "" when there is
// none.
func cpesOf(p *image.Package) string {
	var names []string
	for _, s := range p.CPEs {
		c, ok := ParseCPE(s)
		if !ok || c.Part != "a" || c.Vendor == "*" || c.Product == "*" || strings.Contains(c.Name(), "@") {
			continue
		}
		name := c.Name()
		if v := c.FullVersion(); v != "" && v != p.Version {
			name += "@" + v
		}
		if len(names) < maxCPEs && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// cpeLookups reads what [cpesOf] wrote.
func (p *Package) cpeLookups() []lookup {
	var out []lookup
	for one := range strings.FieldsSeq(p.Namespace) {
		name, version, ok := strings.Cut(one, "@")
		if !ok {
			version = p.Version
		}
		out = append(out, lookup{Key: Key{EcosystemCPE, name}, version: version})
	}
	return out
}

// ByCPE says whether all that speaks for the finding was found by CPE: a match by name and version alone, which knows
// nothing of patches that were ported back.
func (f *Finding) ByCPE() bool {
	for _, e := range f.Evidence {
		if e.Ecosystem != EcosystemCPE {
			return false
		}
	}
	return len(f.Evidence) > 0
}

// elsewhere are the vendors of operating systems that no image of ours has: what is vulnerable on these alone is not
// vulnerable in it. A name with a colon is a product.
var elsewhere = []string{"microsoft", "apple", "google:android", "freebsd", "netbsd", "openbsd", "oracle:solaris", "sun", "hp", "ibm:aix", "ibm:i", "cisco", "juniper", "vmware"}

// foreign says whether the entry holds only on operating systems other than Linux.
func (a *Affected) foreign() bool {
	for _, on := range a.Platforms {
		system, ok := strings.CutPrefix(on, "o:")
		vendor, _, _ := strings.Cut(system, ":")
		if !ok || !slices.Contains(elsewhere, vendor) && !slices.Contains(elsewhere, system) {
			return false
		}
	}
	return len(a.Platforms) > 0
}

// conditions says in words what else must be true for the entry to hold; "" when nothing.
func (a *Affected) conditions() string {
	var words []string
	if a.Edition != "" {
		words = append(words, "edition "+a.Edition)
	}
	if len(a.Platforms) > 0 {
		words = append(words, "with "+platformNames(a.Platforms))
	}
	if len(a.Systems) > 0 {
		words = append(words, "on "+someOf(a.Systems))
	}
	if words == nil {
		return ""
	}
	return fmt.Sprintf(" (only %s)", strings.Join(words, ", "))
}

func platformNames(list []string) string {
	names := make([]string, len(list))
	for i, on := range list {
		_, names[i], _ = strings.Cut(on, ":")
	}
	return someOf(names)
}

// maxShownPlatforms is how many platforms the evidence names.
const maxShownPlatforms = 3

func someOf(names []string) string {
	if more := len(names) - maxShownPlatforms; more > 0 {
		names = append(slices.Clone(names[:maxShownPlatforms]), fmt.Sprintf("%d others", more))
	}
	return strings.Join(names, " or ")
}
