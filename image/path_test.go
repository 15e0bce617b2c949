package image

import (
	"strings"
	"testing"
)

func TestCleanPathNeverLeavesTheRoot(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Path{
		"./etc/passwd":         "etc/passwd",
		"/etc//passwd":         "etc/passwd",
		"../../etc/passwd":     "etc/passwd",
		"a/../../../b":         "b",
		"a./b":                 "a./b",
		"/":                    "",
		".":                    "",
		"usr/lib/\xff\xfename": "usr/lib/\xff\xfename",
	} {
		got, err := CleanPath(name)
		if err != nil || got != want {
			t.Errorf("CleanPath(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"a\x00b", strings.Repeat("a", MaxPathLength+1), strings.Repeat("a/", MaxPathDepth+1)} {
		if got, err := CleanPath(name); err == nil {
			t.Errorf("CleanPath(%.20q…) = %.20q, want an error", name, got)
		}
	}
}

func FuzzCleanPath(f *testing.F) {
	for _, seed := range []string{"", "/", "..", "./a", "a/../b", "a//b", "\x00", "\xff/.."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p, err := CleanPath(name)
		if err != nil {
			return
		}
		s := "/" + string(p) + "/"
		if p != "" && (strings.Contains(s, "//") || strings.Contains(s, "/./") || strings.Contains(s, "/../")) {
			t.Errorf("CleanPath(%q) = %q is not clean", name, p)
		}
		if again, err := CleanPath(string(p)); err != nil || again != p {
			t.Errorf("CleanPath(%q) = %q, but again %q, %v", name, p, again, err)
		}
	})
}
