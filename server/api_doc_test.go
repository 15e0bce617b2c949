package server_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"landwaiter.dev/internal/testkit/docblock"
	"landwaiter.dev/server/servertest"
)

func TestDocumentedRoutes(t *testing.T) {
	t.Parallel()
	_, _, text := ask(t, servertest.New().Handler(), "GET /v1/swagger.json", "")
	var doc struct {
		Paths map[string]map[string]struct {
			Summary    string
			Parameters []struct{ Name, In string }
		}
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for path, methods := range doc.Paths {
		for method, op := range methods {
			var query []string
			for _, p := range op.Parameters {
				if p.In == "query" {
					query = append(query, docblock.Code(p.Name))
				}
			}
			slices.Sort(query)
			rows = append(rows, docblock.Row(docblock.Code(path), strings.ToUpper(method), docblock.Cell(op.Summary), strings.Join(query, ", ")))
		}
	}
	slices.Sort(rows)
	docblock.Check(t, "api.md", "routes", docblock.Head("path", "method", "what", "query")+strings.Join(rows, ""))
}
