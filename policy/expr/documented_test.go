package expr_test

import (
	"os"
	"strings"
	"testing"

	"landwaiter.dev/internal/testkit/docblock"
	"landwaiter.dev/policy/expr"
)

func TestDocumentedVariables(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(docblock.Head("variable", "type", "what it is", "fields"))
	for _, v := range expr.Describe() {
		var fields []string
		for _, f := range v.Fields {
			fields = append(fields, docblock.Code(f.Name)+" "+f.Type)
		}
		b.WriteString(docblock.Row(docblock.Code(v.Name), v.Type, docblock.Cell(v.Description), strings.Join(fields, ", ")))
	}
	docblock.Check(t, "policies.md", "expression variables", b.String())
}

// TestDocumentedExpressions compiles what the page shows.
func TestDocumentedExpressions(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```cel\n")
	examples, _, closed := strings.Cut(rest, "```\n")
	if !closed {
		t.Fatal("docs/policies.md shows no expressions")
	}
	for text := range strings.SplitSeq(strings.TrimSpace(examples), "\n\n") {
		if _, err := expr.Compile(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
