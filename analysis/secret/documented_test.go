package secret

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"

	"landwaiter.dev/internal/testkit/docblock"
)

func TestDocumentedRules(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(docblock.Head("rule", "looked for near"))
	keywords := map[string][]string{}
	var names []string
	for _, d := range detectorTable() {
		if keywords[d.rule] == nil {
			names = append(names, d.rule)
		}
		for _, k := range d.keywords {
			if text := docblock.Code(strings.TrimSpace(k)); !slices.Contains(keywords[d.rule], text) {
				keywords[d.rule] = append(keywords[d.rule], text)
			}
		}
	}
	slices.Sort(names)
	for _, name := range names {
		b.WriteString(docblock.Row(docblock.Code(name), strings.Join(keywords[name], ", ")))
	}
	docblock.Check(t, "secrets.md", "secret rules", b.String())

	b.Reset()
	b.WriteString(docblock.Head("name", "pattern"))
	for _, r := range originalRules() {
		b.WriteString(docblock.Row(docblock.Code(r.name), docblock.Code(r.pattern)))
	}
	docblock.Check(t, "secrets.md", "line patterns", b.String())

	b.Reset()
	b.WriteString(docblock.Head("left out", "why"))
	for _, l := range leftOut {
		b.WriteString(docblock.Row(l.name, l.reason))
	}
	docblock.Check(t, "secrets.md", "left out", b.String())
}

// TestNoSecretIsSentAnywhere: the library's packages hold validators that send a secret to its vendor. Nothing here may
// name one.
func TestNoSecretIsSentAnywhere(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		for _, imp := range file.Imports {
			if path := strings.Trim(imp.Path.Value, `"`); path == "net/http" || strings.HasSuffix(path, "/validators") {
				t.Errorf("%s imports %s", e.Name(), path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && strings.Contains(id.Name, "Validat") {
				t.Errorf("%s names %s", e.Name(), id.Name)
			}
			return true
		})
	}
	if seen < 5 {
		t.Fatalf("only %d files seen", seen)
	}
}
