package advisory

import (
	"fmt"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// Many Java archives carry no metadata of Maven's and so do not say which group they are of: those of Spring Framework
// among them. They are looked up by their artifact alone, under ":artifact", where all records of such an artifact are
// filed; which group it is, what they hold decides.

const (
	mavenEcosystem = "Maven"
	// bundleHint marks the name of the bundle in what is kept of an archive; what has no mark is the directory of its classes.
	bundleHint = "bundle:"
	// maxHint is the longest hint in bytes.
	maxHint = 250
)

// artifactOf is ":artifact" of "group:artifact".
func artifactOf(name string) string {
	at := strings.LastIndexByte(name, ':')
	if at < 0 {
		return ""
	}
	return name[at:]
}

// groupless says whether the package is an archive that does not name its group.
func (p *Package) groupless() bool { return p.Type == image.Maven && p.Namespace == "" }

// groupHints is what an archive without a group says of it, as its [Package.SourceName].
func groupHints(p *image.Package) string {
	var hints []string
	if s := p.Extra["classes"]; graphic(s) && len(s) <= maxHint {
		hints = append(hints, s)
	}
	if s := p.Extra["bundle"]; graphic(s) && len(s) <= maxHint {
		hints = append(hints, bundleHint+s)
	}
	return strings.Join(hints, " ")
}

// InferGroup says of which group an archive is that names none, and why in one sentence. The records are those filed
// under its key. Its classes lie in the group's directory, or below, or its bundle bears the group's name; or the group is
// called like the artifact, and no record is about such an artifact of another group alone: where it is named beside others,
// these have packed it anew. "" when nothing speaks for one.
func InferGroup(p Package, records []*Record) (group, why string) {
	groups, rival := map[string]bool{}, false
	artifact := ":" + p.Name
	for _, r := range records {
		if r == nil || !r.Withdrawn.IsZero() {
			continue
		}
		own, other := false, false
		for i := range r.Affected {
			if a := &r.Affected[i]; a.Ecosystem == mavenEcosystem {
				if g, ok := strings.CutSuffix(a.Package, artifact); ok && g != "" && !strings.Contains(g, ":") {
					groups[g] = true
					own, other = own || g == p.Name, other || g != p.Name
				}
			}
		}
		rival = rival || other && !own
	}
	say := func(group, why string) (string, string) {
		return group, fmt.Sprintf("the archive names no group; %s is inferred: %s", group, why)
	}
	var classes, bundle string
	for hint := range strings.FieldsSeq(p.SourceName) {
		if name, ok := strings.CutPrefix(hint, bundleHint); ok {
			bundle = name
		} else {
			classes = hint
		}
	}
	byClasses := nearest(groups, strings.ReplaceAll(classes, "/", "."), ".")
	byBundle := nearest(groups, bundle, ".-")
	switch {
	case byClasses != "" && byBundle != "" && byClasses != byBundle:
		return "", ""
	case byClasses != "":
		return say(byClasses, "its classes are in "+classes)
	case byBundle != "":
		return say(byBundle, "its bundle is called "+bundle)
	case groups[p.Name] && !rival:
		return say(p.Name, "it is called like the artifact, and the advisory data has no other of its own")
	}
	return "", ""
}

// shared are first parts of groups that say nothing of whose they are.
var shared = []string{"com", "org", "net", "io", "dev", "edu", "gov", "java", "javax", "jakarta"}

// nearest is the longest of the groups that name begins with, up to its end or one of the characters.
func nearest(groups map[string]bool, name, ends string) (group string) {
	for g := range groups {
		rest, ok := strings.CutPrefix(name, g)
		if ok && len(g) > len(group) && (rest == "" || strings.IndexByte(ends, rest[0]) >= 0) && len(g) > 2 && !slices.Contains(shared, g) {
			group = g
		}
	}
	return group
}

// Inferred says in one sentence how the group of the package was found where it names none; "" where it does.
func (f *Finding) Inferred() string {
	for _, e := range f.Evidence {
		if e.Inferred != "" {
			return e.Inferred
		}
	}
	return ""
}
