// Package docblock compares tables in docs/ with the code that they describe, so that neither can change alone.
package docblock

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Check fails when the block NAME of a file in docs/ is not the text wanted. A block is what stands between the lines
// "<!-- begin NAME -->" and "<!-- end NAME -->". With UPDATE_DOCS=1 in the environment the block is written anew instead.
func Check(t *testing.T, file, name, want string) {
	t.Helper()
	path := filepath.Join(root(t), "docs", file)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
	before, rest, found := strings.Cut(string(raw), begin)
	got, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("docs/%s has no block %q: it needs the lines %q and %q", file, name, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	want = "\n" + strings.TrimSpace(want) + "\n\n"
	if got == want {
		return
	}
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("docs/%s does not say what the code says; UPDATE_DOCS=1 writes it anew (-docs +code):\n%s", file, cmp.Diff(got, want))
}

// Cell makes a text fit into a cell of a table.
func Cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(text)
}

// Code writes a text as code in a cell; nothing for an empty one.
func Code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(text, "|", `\|`) + "`"
}

// Row writes a line of a table.
func Row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

// Head writes the first two lines of a table.
func Head(cells ...string) string {
	return Row(cells...) + "|" + strings.Repeat("---|", len(cells)) + "\n"
}

// root is the directory of the module.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatalf("no go.mod above the test: %v", err)
	return ""
}
