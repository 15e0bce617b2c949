package feed

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"landwaiter.dev/advisory"
)

// redHatKey is what one statement is about: a package of a release, in a module perhaps, as source or binary package.
type redHatKey struct {
	ecosystem, name, module string
	source                  bool
}

// redHatSaid gathers what a document says of it under all of its product ids: an architecture, a repository or a minor
// release has one each, and all are the one release that an image is told to be.
type redHatSaid struct {
	fixed                   map[string]bool // versions
	open, investigated, not bool
	// wontFix holds as long as nothing says that a fix may come.
	wontFix bool
	word    string
}

// newRedHatStatements makes one entry for each package of Red Hat Enterprise Linux that the document speaks of. Where its
// product ids say different things, the first of these counts: fixed, affected, looked at, not affected. A version that
// is fixed in one minor release and older than the fix of a later one is not told from an affected one.
func newRedHatStatements(v *csafVulnerability, products *csafProducts) (entries []advisory.Affected, doubts []string) {
	remedies, words := map[string]string{}, map[string]string{}
	for _, r := range v.Remediations {
		if r.Category == "no_fix_planned" || r.Category == "none_available" || r.Category == "fix_planned" {
			for _, id := range r.Products {
				remedies[id] = r.Category
			}
		}
	}
	for _, t := range v.Threats {
		if t.Category == "impact" && impact(t.Details) != "" {
			for _, id := range t.Products {
				words[id] = t.Details
			}
		}
	}
	said := map[redHatKey]*redHatSaid{}
	wrong := map[string]bool{}
	each := func(ids []string, take func(s *redHatSaid, id, version string)) {
		for _, id := range ids {
			c, ok := products.component(id)
			if !ok {
				continue
			}
			ecosystem := redHatEcosystem(c.cpe)
			if ecosystem == "" {
				continue
			}
			name, version, module, source, ok := c.rpm()
			if !ok || !printable(name, maxName) || module != "" && !printable(module, maxID) {
				if strings.HasPrefix(c.purl, "pkg:rpm/") {
					wrong[fmt.Sprintf("the package %.120q cannot be read", c.purl)] = true
				}
				continue // a container, a module as a whole
			}
			if module == "" && strings.Contains(version, ".module") {
				module = advisory.UnnamedModule
			}
			key := redHatKey{ecosystem, name, module, source}
			s := said[key]
			if s == nil {
				s = &redHatSaid{fixed: map[string]bool{}, wontFix: true}
				said[key] = s
			}
			if s.word == "" {
				s.word = words[id]
			}
			take(s, id, version)
		}
	}
	each(v.Status.Fixed, func(s *redHatSaid, id, version string) {
		if version == "" || !advisory.ValidVersion("Red Hat", version) {
			wrong[fmt.Sprintf("%.120q is fixed in no version", id)] = true
			s.open, s.wontFix = true, false
			return
		}
		s.fixed[version] = true
	})
	each(v.Status.Affected, func(s *redHatSaid, id, _ string) {
		s.open = true
		s.wontFix = s.wontFix && remedies[id] == "no_fix_planned"
	})
	each(v.Status.Investigation, func(s *redHatSaid, _, _ string) { s.investigated = true })
	each(v.Status.NotAffected, func(s *redHatSaid, _, _ string) { s.not = true })
	for key, s := range said {
		entries = append(entries, s.entry(key))
	}
	slices.SortFunc(entries, func(a, b advisory.Affected) int {
		return slices.Compare([]string{a.Ecosystem, a.Package, a.Module, strings.Join(a.Arches, "")}, []string{b.Ecosystem, b.Package, b.Module, strings.Join(b.Arches, "")})
	})
	return entries, slices.Sorted(maps.Keys(wrong))
}

func (s *redHatSaid) entry(key redHatKey) advisory.Affected {
	a := advisory.Affected{Ecosystem: key.ecosystem, Package: key.name, Module: key.module, Word: s.word}
	if key.source {
		a.Arches = []string{advisory.SourceArch}
	}
	all := []advisory.Range{{Type: "ECOSYSTEM", Events: []advisory.Event{{Introduced: "0"}}}}
	switch {
	case len(s.fixed) > 0:
		for _, version := range slices.Sorted(maps.Keys(s.fixed)) {
			a.Ranges = append(a.Ranges, advisory.Range{Type: "ECOSYSTEM", Events: []advisory.Event{{Introduced: "0"}, {Fixed: version}}})
		}
	case s.open:
		a.Ranges, a.State = all, string(advisory.NotFixed)
		if s.wontFix {
			a.State = string(advisory.WontFix)
		}
	case s.investigated:
		a.Ranges, a.State = all, string(advisory.UnderInvestigation)
	default:
		a.State = string(advisory.NotAffected)
	}
	return a
}

// redHatEcosystem is the ecosystem of a product by its CPE, "cpe:/a:redhat:enterprise_linux:9::appstream"; "" for what is
// not Red Hat Enterprise Linux in its main line.
func redHatEcosystem(cpe string) string {
	rest, ok := strings.CutPrefix(cpe, "cpe:/")
	if !ok {
		if rest, ok = strings.CutPrefix(cpe, "cpe:2.3:"); !ok {
			return ""
		}
	}
	fields := strings.Split(rest, ":")
	if len(fields) < 4 || fields[1] != "redhat" || fields[2] != "enterprise_linux" || !releaseDigits(fields[3]) {
		return ""
	}
	return advisory.CanonicalEcosystem("Red Hat:enterprise_linux:" + fields[3])
}

// releaseDigits says whether s is a release such as "9" or "10.0".
func releaseDigits(s string) bool {
	return s != "" && len(s) <= 8 && strings.Trim(s, "0123456789.") == "" && s[0] != '.' && s[len(s)-1] != '.'
}
