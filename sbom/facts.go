package sbom

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

// prefix begins the names of what we write where a form has no place of its own.
const prefix = "landwaiter:"

// fact is one such name and its value.
type fact struct{ name, value string }

// packageFact is a field of a package that can be written as a fact.
type packageFact struct {
	name string
	get  func(*image.Package) string
	set  func(*image.Package, string)
}

// packageFacts is the list of them, but for those that name a layer and [image.Package.Extra].
var packageFacts = []packageFact{
	text("type", func(p *image.Package) *string { return (*string)(&p.Type) }),
	text("namespace", func(p *image.Package) *string { return &p.Namespace }),
	text("name", func(p *image.Package) *string { return &p.Name }),
	text("version", func(p *image.Package) *string { return &p.Version }),
	{"location", func(p *image.Package) string { return locationText(p.Location) }, func(p *image.Package, s string) {
		p.Location, _ = image.CleanPath(s)
	}},
	text("inner", func(p *image.Package) *string { return &p.Inner }),
	{"embedded", func(p *image.Package) string { return yes(p.Embedded) }, func(p *image.Package, s string) { p.Embedded = s == "true" }},
	text("arch", func(p *image.Package) *string { return &p.Arch }),
	text("source_name", func(p *image.Package) *string { return &p.SourceName }),
	text("source_version", func(p *image.Package) *string { return &p.SourceVersion }),
	text("source_rpm", func(p *image.Package) *string { return &p.SourceRPM }),
	text("modularity", func(p *image.Package) *string { return &p.Modularity }),
	texts("licenses", func(p *image.Package) *[]string { return &p.Licenses }),
	text("license", func(p *image.Package) *string { return &p.License }),
	text("license_source", func(p *image.Package) *string { return &p.LicenseSource }),
	texts("cpes", func(p *image.Package) *[]string { return &p.CPEs }),
	text("origin", func(p *image.Package) *string { return &p.Origin }),
	text("homepage", func(p *image.Package) *string { return &p.Homepage }),
	{"installed_size", func(p *image.Package) string { return number(p.InstalledSize) }, func(p *image.Package, s string) {
		p.InstalledSize = parseSize(s)
	}},
	{"owned_by", ownerText, func(p *image.Package, s string) {
		o := owner(p)
		o.Name, o.Version, _ = strings.Cut(s, " ")
	}},
	{"owned_by:type", func(p *image.Package) string {
		return ownerField(p, func(o *image.PackageRef) string { return string(o.Type) })
	},
		func(p *image.Package, s string) { owner(p).Type = image.PackageType(s) }},
	{"owned_by:arch", func(p *image.Package) string {
		return ownerField(p, func(o *image.PackageRef) string { return o.Arch })
	},
		func(p *image.Package, s string) { owner(p).Arch = s }},
}

// text is a fact of a field that is a text.
func text(name string, field func(*image.Package) *string) packageFact {
	return packageFact{name, func(p *image.Package) string { return *field(p) }, func(p *image.Package, s string) { *field(p) = s }}
}

// texts is a fact of a field that is a list: one JSON array.
func texts(name string, field func(*image.Package) *[]string) packageFact {
	return packageFact{
		name,
		func(p *image.Package) string {
			if len(*field(p)) == 0 {
				return ""
			}
			raw, _ := json.Marshal(*field(p)) // strings always can
			return string(raw)
		},
		func(p *image.Package, s string) {
			var list []string
			if s == "" || json.Unmarshal([]byte(s), &list) == nil && len(list) <= maxValues {
				*field(p) = list
			}
		},
	}
}

func locationText(p image.Path) string {
	if p == "" {
		return ""
	}
	return p.Abs()
}

func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// parseSize reads a number of bytes; what is none is 0.
func parseSize(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > image.MaxBlobSize {
		return 0
	}
	return n
}

func ownerText(p *image.Package) string {
	if p.OwnedBy == nil {
		return ""
	}
	return p.OwnedBy.Name + " " + p.OwnedBy.Version
}

func ownerField(p *image.Package, get func(*image.PackageRef) string) string {
	if p.OwnedBy == nil {
		return ""
	}
	return get(p.OwnedBy)
}

func owner(p *image.Package) *image.PackageRef {
	if p.OwnedBy == nil {
		p.OwnedBy = &image.PackageRef{}
	}
	return p.OwnedBy
}

// facts lists what is known of a package beyond what a document says of it by its own means, which is the package known.
func (e *entry) facts(known *image.Package) []fact {
	var list []fact
	for i := range packageFacts {
		f := &packageFacts[i]
		if v := f.get(e.Package); v != "" && v != f.get(known) {
			list = append(list, fact{f.name, v})
		}
	}
	var keys []string
	for k, v := range e.Extra {
		if v != "" && v != known.Extra[k] {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		list = append(list, fact{"extra:" + k, e.Extra[k]})
	}
	add := func(name, value string) {
		if value != "" {
			list = append(list, fact{name, value})
		}
	}
	add("layer:digest", e.layer)
	add("inherited", yes(e.inherited))
	add("declared", yes(e.declared))
	return list
}

// read takes in a fact about a package that is being read.
func (i *item) read(name, value string) {
	switch name {
	case "layer:digest":
		i.layer = value
		return
	case "declared":
		i.declared = value == "true"
		return
	}
	if key, ok := strings.CutPrefix(name, "extra:"); ok {
		if i.p.Extra == nil {
			i.p.Extra = map[string]string{}
		}
		if len(i.p.Extra) < maxValues {
			i.p.Extra[key] = value
		}
		return
	}
	for n := range packageFacts {
		if f := &packageFacts[n]; f.name == name {
			f.set(&i.p, value)
			return
		}
	}
}

// plain is the package that a reader makes of a package URL and a name, before anything else is read.
func (e *entry) plain() image.Package {
	p, _, err := image.ParsePURL(e.purl)
	if err != nil {
		return image.Package{}
	}
	respell(&p, strings.TrimSpace(clean(e.Name)))
	p.PURL = ""
	return p
}

// respell gives a package the spelling of its name that a document has beside the package URL, which folds case and dashes
// in some ecosystems: the first that has the same package URL.
func respell(p *image.Package, names ...string) {
	as := *p
	as.PURL = ""
	want := image.PURL(&as, image.Distro{})
	if want == "" {
		return
	}
	for _, name := range names {
		if as.Name = name; name != "" && image.PURL(&as, image.Distro{}) == want {
			p.Name = name
			return
		}
	}
}
