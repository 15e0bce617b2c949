package image_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestPackageTypes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("package.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared, all []string
	for _, m := range regexp.MustCompile(`PackageType = "([^"]+)"`).FindAllSubmatch(text, -1) {
		declared = append(declared, string(m[1]))
	}
	for _, p := range image.PackageTypes() {
		all = append(all, string(p))
	}
	if diff := cmp.Diff(declared, all); diff != "" {
		t.Error(diff)
	}
}

// The list of kinds has each that is declared, and docs/limits.md tells of them in its order.
func TestGapKinds(t *testing.T) {
	t.Parallel()
	words := func(file, expression string) []string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, m := range regexp.MustCompile(expression).FindAllSubmatch(text, -1) {
			list = append(list, string(m[1]))
		}
		return list
	}
	var all []string
	for _, k := range image.GapKinds() {
		all = append(all, string(k))
	}
	declared := words("gap.go", `GapKind = "([^"]+)"`)
	if diff := cmp.Diff(slices.Sorted(slices.Values(declared)), slices.Sorted(slices.Values(all))); diff != "" {
		t.Error(diff)
	}
	documented := slices.DeleteFunc(words("../docs/limits.md", "(?m)^\\| `([a-z_]+)` \\| [^|]+ \\|$"), func(s string) bool { return !slices.Contains(all, s) })
	if diff := cmp.Diff(all, documented); diff != "" {
		t.Error(diff)
	}
}
