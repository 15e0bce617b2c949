package advisory

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"landwaiter.dev/internal/testkit/docblock"
)

func TestDocumentedEcosystems(t *testing.T) {
	t.Parallel()
	var distros, langs strings.Builder
	distros.WriteString(docblock.Head("`ID` of os-release", "packages", "ecosystem", "by release", "compared by"))
	for _, d := range distributions {
		release, names := "no", map[naming]string{bySource: "source package", byBinary: "binary package", bySource | byBinary: "source and binary package",
			byBinary | byNamedSource: "binary package, and the source package where a record says so"}[d.names]
		if d.release != nil {
			release = "yes"
		}
		distros.WriteString(docblock.Row(docblock.Code(d.id), d.packages.V1(), docblock.Code(d.ecosystem), release, names))
	}
	langs.WriteString(docblock.Head("packages", "ecosystem", "group on /v1"))
	for _, l := range languages {
		langs.WriteString(docblock.Row(l.packages.V1(), docblock.Code(l.ecosystem), docblock.Code(l.group)))
	}
	names := slices.Sorted(maps.Values(unpublished))
	docblock.Check(t, "advisories.md", "unpublished", strings.Join(names, ", ")+".\n")
	docblock.Check(t, "advisories.md", "distributions", distros.String())
	docblock.Check(t, "advisories.md", "languages", langs.String())
}
