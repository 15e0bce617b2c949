package spdx_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/internal/spdx"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"MIT":                        "MIT",
		"mit or Apache-2.0":          "mit OR Apache-2.0",
		"A AND B OR C":               "(A AND B) OR C",
		"A OR B AND C":               "A OR (B AND C)",
		"(A OR B)AND C":              "(A OR B) AND C",
		"((A))":                      "A",
		"A AND A":                    "A AND A",
		"A OR (B OR C)":              "A OR (B OR C)",
		"GPL-2.0+ WITH X AND MIT":    "(GPL-2.0+ WITH X) AND MIT",
		"DocumentRef-a:LicenseRef-b": "DocumentRef-a:LicenseRef-b",
		strings.Repeat("(", spdx.MaxDepth) + "A" + strings.Repeat(")", spdx.MaxDepth): "A",
	} {
		n, err := spdx.Parse(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if diff := cmp.Diff(want, shape(n)); diff != "" {
			t.Errorf("%s: %s", s, diff)
		}
	}
}

// shape writes a tree with all its parentheses.
func shape(n *spdx.Node) string {
	if n.Op == spdx.Leaf {
		return n.ID
	}
	var parts []string
	for _, s := range n.Sub {
		part := shape(s)
		if strings.Contains(part, " ") {
			part = "(" + part + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, map[spdx.Op]string{spdx.And: " AND ", spdx.Or: " OR "}[n.Op])
}

func TestNoExpressions(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", " ", "OR", "MIT OR", "AND MIT", "MIT GPL-2.0-only", "(MIT", "MIT)", "()", "MIT WITH", "WITH X", "MIT WITH OR", "(MIT) WITH X", "MIT WITH X Y", "MIT WITH X WITH Y",
		"MIT (Expat)", strings.Repeat("(", spdx.MaxDepth+1) + "MIT" + strings.Repeat(")", spdx.MaxDepth+1), strings.Repeat("MIT OR ", spdx.MaxLicenses) + "MIT",
		strings.Repeat("x", 9000), strings.Repeat("(", 8000),
	} {
		if n, err := spdx.Parse(s); err == nil {
			t.Errorf("%.40q is read as %s", s, shape(n))
		}
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	a, b := spdx.One("A"), spdx.One("B")
	either := spdx.Join(spdx.Or, []*spdx.Node{a, nil, b, a})
	other := spdx.Join(spdx.Or, []*spdx.Node{b, a})
	both := spdx.Join(spdx.And, []*spdx.Node{either, spdx.One("C"), other, spdx.Join(spdx.And, []*spdx.Node{spdx.One("D"), spdx.One("C")})})
	if s, ok := both.Text(false); s != "(A OR B) AND C AND D" || !ok {
		t.Errorf("got %s", s)
	}
	if s, _ := both.Text(true); s != "(A OR B) AND C AND D" {
		t.Errorf("sorted: got %s", s)
	}
	if diff := cmp.Diff([]string{"A", "B", "C", "D"}, both.Licenses()); diff != "" {
		t.Error(diff)
	}
	if n := spdx.Join(spdx.Or, []*spdx.Node{nil}); n != nil {
		t.Errorf("got %v", n)
	}
	var many []*spdx.Node
	for i := range spdx.MaxLicenses + 1 {
		many = append(many, spdx.One(strings.Repeat("x", i+1)))
	}
	if _, ok := spdx.Join(spdx.And, many).Text(false); ok {
		t.Error("too many licences are an expression")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("MIT OR (GPL-2.0-only WITH Classpath-exception-2.0 AND X)")
	f.Add("((((")
	f.Add("A AND (B OR C) AND (C OR B)")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := spdx.Parse(s)
		if err != nil {
			return
		}
		if len(n.Licenses()) == 0 || len(n.Licenses()) > spdx.MaxLicenses {
			t.Fatalf("%q has %d licences", s, len(n.Licenses()))
		}
		text, ok := n.Text(false)
		if !ok {
			return // with its exceptions in capitals it may be longer
		}
		again, err := spdx.Parse(text)
		if err != nil {
			t.Fatalf("%q became %q, which is none", s, text)
		}
		if diff := cmp.Diff(n.Licenses(), again.Licenses()); diff != "" {
			t.Errorf("%q: %s", s, diff)
		}
	})
}
