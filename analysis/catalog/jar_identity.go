package catalog

import (
	"path"
	"regexp"
	"strings"

	"landwaiter.dev/image"
)

// Evidence for what an archive is, in Extra["identity"], from the strongest to the weakest.
const (
	jarByPom      = "pom.properties"
	jarByPlugin   = "plugin-manifest" // Jenkins: Group-Id, Short-Name, Plugin-Version
	jarByBundle   = "bundle-symbolicname"
	jarByManifest = "manifest"
	jarByFileName = "file-name"
)

// identifyJar says what an archive is, and which other packages its pom.properties files name. Evidence counts in
// this order: a pom.properties whose artifact is the file name; the only pom.properties, unless the bundle's name
// contradicts it; the plugin's manifest; the bundle's name where it agrees with the file name; titles and versions of
// the manifest with the file name; the file name alone. A groupId comes from Maven's or the plugin's own metadata and
// is empty otherwise: vendors, packages of classes and popular names are no evidence for it. ok is false when no
// version is known.
func identifyJar(a *jarFacts) (own image.Package, embedded []image.Package, ok bool) {
	name, version := splitJarName(a.base, a.manifest)
	main := mainPom(a, name)
	seen := map[jarPom]bool{}
	for i, pom := range a.poms {
		if i == main || seen[pom] || pom.artifact == "" || main >= 0 && pom == a.poms[main] {
			continue
		}
		seen[pom] = true
		embedded = append(embedded, image.Package{Namespace: pom.group, Name: pom.artifact, Version: pom.version, Origin: pom.group,
			Extra: map[string]string{"identity": jarByPom, "maven-version": pom.version}})
	}
	m := a.manifest
	own = image.Package{
		Origin:   firstOf(m["specification-vendor"], m["implementation-vendor"], m["bundle-vendor"]),
		Homepage: firstOf(m["bundle-docurl"], m["implementation-url"], m["url"]),
		Licenses: bundleLicenses(m["bundle-license"]),
		Extra:    map[string]string{},
	}
	for _, key := range []string{"specification-version", "implementation-version"} {
		if m[key] != "" {
			own.Extra[key] = m[key]
		}
	}
	evidence := ""
	switch {
	case main >= 0:
		pom := a.poms[main]
		evidence = jarByPom
		own.Namespace, own.Name, own.Version = pom.group, pom.artifact, firstOf(pom.version, version, manifestVersion(m))
		own.Origin = firstOf(own.Origin, pom.group)
		if pom.version != "" {
			own.Extra["maven-version"] = pom.version
		}
	case m["short-name"] != "" && m["plugin-version"] != "":
		evidence = jarByPlugin
		own.Namespace, own.Name, own.Version = m["group-id"], m["short-name"], m["plugin-version"]
	default:
		own.Name, evidence = nameByManifest(name, m)
		own.Version = version
		if version == "" {
			if own.Version = manifestVersion(m); evidence == jarByFileName && own.Version != "" {
				evidence = jarByManifest
			}
		}
	}
	own.Extra["identity"] = evidence
	if own.Namespace == "" { // what may tell it
		if a.classes != "" {
			own.Extra["classes"] = a.classes
		}
		if bundle, ok := declaredName(bundleName(m)); ok {
			own.Extra["bundle"] = bundle
		}
	}
	if _, valid := declaredName(own.Name); !valid {
		return own, embedded, false
	}
	_, valid := declaredVersion(own.Version)
	return own, embedded, valid
}

// mainPom is the index of the pom.properties that describes the archive itself, or -1.
func mainPom(a *jarFacts, name string) int {
	best := -1
	for i, p := range a.poms {
		stem := strings.TrimSuffix(a.base, path.Ext(a.base))
		if p.artifact != "" && (p.artifact == name || stem == p.artifact || strings.HasPrefix(stem, p.artifact+"-")) &&
			(best < 0 || len(p.artifact) > len(a.poms[best].artifact)) {
			best = i
		}
	}
	if best >= 0 {
		return best
	}
	for i, p := range a.poms {
		if p.artifact != "" && alike(p.artifact, name) {
			return i
		}
	}
	if len(a.poms) == 1 && a.poms[0].artifact != "" {
		bundle := letters(bundleName(a.manifest))
		if bundle == "" || strings.Contains(bundle, letters(a.poms[0].artifact)) || strings.Contains(bundle, letters(a.poms[0].group)) {
			return 0
		}
	}
	return -1
}

var (
	// artifact-1.2.3, artifact-1.2.3-jre, artifact-0.1~+svn49
	jarFile = regexp.MustCompile(`^(.+?)-(\d[\w.+~-]*)$`)
	// a version made for a symbolic link: 3.x
	jarWildcard = regexp.MustCompile(`(^|[.-])[xX]($|[.-])`)
	// what can be an artifactId
	jarSlug = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*$`)
)

// splitJarName takes the file name apart. Where it ends in the version that the manifest gives, that is the version
// ("log4j-1.2-1.2.17.jar").
func splitJarName(base string, m map[string]string) (name, version string) {
	stem := strings.ToValidUTF8(strings.TrimSuffix(base, path.Ext(base)), "\uFFFD")
	for _, v := range []string{m["implementation-version"], m["bundle-version"]} {
		if before, ok := strings.CutSuffix(stem, "-"+v); ok && v != "" && before != "" {
			return before, v
		}
	}
	if f := jarFile.FindStringSubmatch(stem); f != nil {
		if jarWildcard.MatchString(f[2]) {
			return f[1], ""
		}
		return f[1], f[2]
	}
	return stem, ""
}

// manifestVersion is the version of the implementation, else of the bundle.
func manifestVersion(m map[string]string) string {
	if v, ok := declaredVersion(m["implementation-version"]); ok {
		return v
	}
	v, _ := declaredVersion(strings.TrimSuffix(m["bundle-version"], ".qualifier"))
	return v
}

// nameByManifest corrects the name that the file has by one that the manifest gives and that means the same
// ("tomcat9-catalina": org.apache.tomcat-catalina, "spring3-core": spring-core).
func nameByManifest(name string, m map[string]string) (string, string) {
	var candidates []string
	if bundle := bundleName(m); bundle != "" {
		parts := strings.Split(bundle, ".")
		last := parts[len(parts)-1]
		candidates = append(candidates, last)
		if len(parts) > 1 {
			candidates = append(candidates, parts[len(parts)-2]+"-"+last)
		}
	}
	byBundle := len(candidates)
	if jarSlug.MatchString(m["implementation-title"]) {
		candidates = append(candidates, m["implementation-title"])
	}
	for pass := range 2 { // the same name first, then names that differ in case, digits and punctuation
		for i, c := range candidates {
			if c == name || pass == 1 && alike(c, name) {
				if i < byBundle {
					return c, jarByBundle
				}
				return c, jarByManifest
			}
		}
	}
	return name, jarByFileName
}

// bundleName is Bundle-SymbolicName without its directives.
func bundleName(m map[string]string) string {
	name, _, _ := strings.Cut(m["bundle-symbolicname"], ";")
	return strings.TrimSpace(name)
}

// alike says whether two names are the same but for case, digits and punctuation, or one is the other behind a prefix
// of its group ("sisu-inject", "org.eclipse.sisu.inject").
func alike(a, b string) bool {
	x, y := letters(a), letters(b)
	if len(x) < 3 || len(y) < 3 {
		return false
	}
	return x == y || strings.Contains(a, ".") && strings.HasSuffix(x, y) && len(y) >= 6
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z':
			return r
		}
		return -1
	}, s)
}

// bundleLicenses takes Bundle-License apart: names or addresses with directives, separated by commas.
func bundleLicenses(s string) []string {
	if s == "" || s == "<<EXTERNAL>>" {
		return nil
	}
	var list []string
	for _, part := range strings.Split(s, ",") {
		name, _, _ := strings.Cut(part, ";")
		list = append(list, strings.Trim(strings.TrimSpace(name), `"`))
	}
	return declaredTexts(list)
}
