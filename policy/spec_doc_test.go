package policy

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"landwaiter.dev/internal/testkit/docblock"
)

func TestDocumentedGates(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(Spec())
	if err != nil {
		t.Fatal(err)
	}
	var gates []gateSpec
	if err := json.Unmarshal(raw, &gates); err != nil {
		t.Fatal(err)
	}
	var active, retired strings.Builder
	retired.WriteString(docblock.Head("retired gate", "use instead"))
	for _, g := range gates {
		if g.State != "active" {
			instead := "nothing"
			if g.SupersededBy != nil {
				instead = docblock.Code(*g.SupersededBy)
			}
			retired.WriteString(docblock.Row(docblock.Code(g.Name), instead))
			continue
		}
		active.WriteString("### `" + g.Name + "`\n\n" + docblock.Cell(g.Description) + "\n\n")
		for _, trigger := range g.Triggers {
			active.WriteString("**`" + trigger.Name + "`** " + docblock.Cell(trigger.Description) + "\n\n")
			if len(trigger.Parameters) == 0 {
				active.WriteString("No parameters.\n\n")
				continue
			}
			active.WriteString(docblock.Head("parameter", "required", "value", "example", "meaning"))
			for _, p := range trigger.Parameters {
				required, example := "", ""
				if p.Required {
					required = "yes"
				}
				if p.Example != nil {
					example = docblock.Code(*p.Example)
				}
				value := docblock.Cell(p.Validator.Description)
				for i, word := range p.KnownValues {
					value += map[bool]string{true: ": ", false: ", "}[i == 0] + docblock.Code(word)
				}
				active.WriteString(docblock.Row(docblock.Code(p.Name), required, value, example, docblock.Cell(p.Description)))
			}
			active.WriteString("\n")
		}
	}
	docblock.Check(t, "policies.md", "gates", active.String())
	docblock.Check(t, "policies.md", "retired gates", retired.String())
}

func TestDocumentedBundle(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"json", "yaml"} {
		_, rest, found := strings.Cut(string(text), "```"+form+"\n")
		document, _, closed := strings.Cut(rest, "```\n")
		if !found || !closed {
			t.Fatalf("docs/policies.md shows no bundle in %s", form)
		}
		if _, err := Parse([]byte(document)); err != nil {
			t.Errorf("the bundle in docs/policies.md in %s: %v", form, err)
		}
	}
}
