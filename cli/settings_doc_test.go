package cli

import (
	"fmt"
	"strings"
	"testing"

	"landwaiter.dev/internal/testkit/docblock"
)

func TestDocumentedSettings(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(docblock.Head("variable", "flag", "key in the file", "default", "meaning"))
	for i := range Table {
		s := &Table[i]
		flag, def := "none: a command line can be seen by others", "none"
		if f := s.Flag(); f != "" {
			flag = docblock.Code("--" + f)
			if s.Scan {
				flag += ", also of scan and analyze"
			}
		}
		if s.Default != "" {
			def = docblock.Code(s.Default)
		}
		b.WriteString(docblock.Row(docblock.Code(s.Variable()), flag, docblock.Code(s.Name), def, docblock.Cell(s.Help)))
	}
	docblock.Check(t, "settings.md", "settings", b.String())
}

func TestDocumentedExitCodes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(docblock.Head("code", "meaning"))
	for _, e := range ExitCodes {
		b.WriteString(docblock.Row(fmt.Sprint(e.Code), docblock.Cell(e.Meaning)))
	}
	docblock.Check(t, "cli.md", "exit codes", b.String())
}
