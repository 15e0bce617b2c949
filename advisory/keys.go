package advisory

import (
	"strings"

	"landwaiter.dev/image"
)

// DistinctOf is the package as matching sees it, without where it was found.
func DistinctOf(p *image.Package, d image.Distro) Package {
	distinct := Package{Type: p.Type, Ecosystem: EcosystemOf(p.Type, d), Namespace: p.Namespace, Name: p.Name, Version: p.Version}
	if p.Type == image.Binary && p.OwnedBy == nil {
		if names := cpesOf(p); names != "" {
			distinct.Ecosystem, distinct.Namespace = EcosystemCPE, names
		}
	}
	if distinct.groupless() {
		distinct.SourceName = groupHints(p)
	}
	if p.Type.OS() {
		distinct.Arch, distinct.Modularity = p.Arch, p.Modularity
		distinct.SourceName, distinct.SourceVersion = p.SourceName, p.SourceVersion
	}
	return distinct
}

// lookup is one name under which a package is looked up, with the version that records under this name speak of.
type lookup struct {
	Key
	version string
	// only says which entries of the name are meant: those about source packages, those about others; 0 means all.
	only naming
}

// fits says whether an entry under the name is about what the lookup means.
func (l *lookup) fits(a *Affected) bool {
	return l.only == 0 || (l.only == bySource) == a.ofSource()
}

// lookups gives the names of a package, best first; none when it cannot be looked up: no ecosystem. That of an archive
// without a group is ":artifact".
func (p *Package) lookups() []lookup {
	if p.Ecosystem == "" || p.Name == "" {
		return nil
	}
	if p.Ecosystem == EcosystemCPE {
		return p.cpeLookups()
	}
	if !p.Type.OS() {
		name := p.Name
		if p.Type == image.Maven {
			name = p.Namespace + ":" + p.Name
		}
		return []lookup{{Key: Key{p.Ecosystem, NormalizeName(p.Ecosystem, name)}, version: p.Version}}
	}
	binary := lookup{Key: Key{p.Ecosystem, p.Name}, version: p.Version}
	source := lookup{Key: Key{p.Ecosystem, p.SourceName}, version: p.sourceVersion()}
	if source.Name == "" {
		source.Name = p.Name
	}
	names := namingOf(p.Ecosystem)
	switch {
	case names == bySource:
		return []lookup{source}
	case names&bySource == 0 || source.Name == binary.Name:
		return []lookup{binary}
	case names == byBinary|byNamedSource:
		binary.only, source.only = byBinary, bySource
		return []lookup{binary, source}
	default:
		return []lookup{binary, source}
	}
}

func namingOf(ecosystem string) naming {
	root := FolderOf(ecosystem)
	for i := range distributions {
		if distributions[i].ecosystem == root {
			return distributions[i].names
		}
	}
	return bySource | byBinary
}

// sourceVersion is the version of the source package. The file name of a source rpm has no epoch; it is the binary's.
func (p *Package) sourceVersion() string {
	switch {
	case p.SourceVersion == "":
		return p.Version
	case p.Type == image.RPM && !strings.Contains(p.SourceVersion, ":"):
		if epoch, _, ok := strings.Cut(p.Version, ":"); ok {
			return epoch + ":" + p.SourceVersion
		}
	}
	return p.SourceVersion
}

// Keys are the names under which records that may affect p are filed. A package without keys is affected by nothing
// that is known here.
func (p Package) Keys() []Key {
	names := p.lookups()
	keys := make([]Key, len(names))
	for i := range names {
		keys[i] = names[i].Key
	}
	return keys
}

// Keys are the names under which r is filed: each package that it speaks of, once; those of Maven under their artifact, too.
func (r *Record) Keys() []Key {
	keys := make([]Key, 0, min(len(r.Affected), 64))
	seen := make(map[Key]bool, min(len(r.Affected), 64))
	for i := range r.Affected {
		k := Key{r.Affected[i].Ecosystem, r.Affected[i].Package}
		if !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
		if k.Ecosystem == mavenEcosystem {
			if k.Name = artifactOf(k.Name); k.Name != "" && !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	return keys
}
