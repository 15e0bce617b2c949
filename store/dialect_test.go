package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestDialectText(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][2]string{
		"SELECT 1": {"SELECT 1", "SELECT 1"},
		"SELECT a FROM t WHERE a = ? AND b = ?{lock}": {
			"SELECT a FROM t WHERE a = ? AND b = ?", "SELECT a FROM t WHERE a = $1 AND b = $2 FOR UPDATE"},
		"a {in texts} OR a = ?": {
			"a IN (SELECT value FROM json_each(?)) OR a = ?", "a = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb))) OR a = $2"},
	} {
		if have := sqliteDialect.text(query); have != want[0] {
			t.Errorf("sqlite: %q became %q, want %q", query, have, want[0])
		}
		if have := postgresDialect.text(query); have != want[1] {
			t.Errorf("postgres: %q became %q, want %q", query, have, want[1])
		}
	}
}

// A word in braces that a dialect does not know fails only when the query runs, so all queries are read here.
func TestQueriesUseKnownWords(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile(`\{[a-z() ]+\}|\{\)\}`)
	seen := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			text, ok := n.(*ast.BasicLit)
			if !ok || text.Kind != token.STRING {
				return true
			}
			for _, w := range word.FindAllString(text.Value, -1) {
				seen++
				for _, d := range []*dialect{sqliteDialect, postgresDialect} {
					if d.words.Replace(w) == w {
						t.Errorf("%s: %s does not know %s in %s", name, d.name, w, text.Value)
					}
				}
			}
			return true
		})
	}
	if seen < 20 {
		t.Errorf("only %d words were found: the search is broken", seen)
	}
}
