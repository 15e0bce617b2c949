package expr_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"landwaiter.dev/internal/testkit/docblock"
	"landwaiter.dev/policy/expr"
	"landwaiter.dev/policy/gate"
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

func TestDocumentedFieldWords(t *testing.T) {
	t.Parallel()
	words := gate.FieldWords()
	var b strings.Builder
	b.WriteString(docblock.Head("field", "values"))
	for _, field := range slices.Sorted(maps.Keys(words)) {
		var list []string
		for _, word := range words[field] {
			number, word, scale := strings.Cut(word, " ")
			if number = docblock.Code(number); scale {
				number += " " + word
			}
			list = append(list, number)
		}
		b.WriteString(docblock.Row(docblock.Code(field), strings.Join(list, ", ")))
	}
	docblock.Check(t, "policies.md", "expression values", b.String())
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
