package analysis

import (
	"fmt"
	"strings"
	"testing"

	"landwaiter.dev/internal/testkit/docblock"
)

func TestDocumentedLimits(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(docblock.Head("limit", "default", "what it bounds"))
	for _, l := range LimitTable() {
		name := strings.ToLower(strings.TrimPrefix(l.Setting, "LANDWAITER_LIMITS_"))
		b.WriteString(docblock.Row(docblock.Code(name), limitText(l.Default, l.Unit), docblock.Cell(l.Meaning)))
	}
	docblock.Check(t, "limits.md", "limits", b.String())
}

func limitText(n int64, unit string) string {
	switch {
	case unit == "bytes" && n%gib == 0:
		return fmt.Sprintf("%d GiB", n/gib)
	case unit == "bytes" && n%mib == 0:
		return fmt.Sprintf("%d MiB", n/mib)
	case unit == "bytes" && n%kib == 0:
		return fmt.Sprintf("%d KiB", n/kib)
	case unit == "":
		return fmt.Sprint(n)
	default:
		return fmt.Sprintf("%d %s", n, unit)
	}
}
