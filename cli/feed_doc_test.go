package cli

import (
	"strings"
	"testing"

	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/internal/testkit/docblock"
)

func TestDocumentedSources(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(docblock.Head("source", "setting", "unless told otherwise", "what"))
	for _, d := range feed.Drivers() {
		state := "off"
		if d.On {
			state = "on"
		}
		b.WriteString(docblock.Row(docblock.Code(d.Name), docblock.Code("LANDWAITER_FEEDS_"+strings.ToUpper(d.Name)), state, docblock.Cell(d.Doc)))
	}
	docblock.Check(t, "advisories.md", "sources", b.String())
}
