package analysis

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"landwaiter.dev/image"
)

// wishes are the files whose content the settings ask for.
type wishes struct {
	patterns []string
	exact    map[image.Path]bool
	globs    []string
}

func wishesOf(patterns []string) wishes {
	w := wishes{patterns: slices.Compact(slices.Sorted(slices.Values(patterns))), exact: map[image.Path]bool{}}
	for _, p := range w.patterns {
		plain := strings.TrimLeft(p, "/")
		switch path, err := image.CleanPath(plain); {
		case strings.ContainsAny(plain, `*?[{\\`):
			w.globs = append(w.globs, plain)
		case err == nil && path != "":
			w.exact[path] = true
		}
	}
	return w
}

// CheckPattern says whether a pattern of files to retrieve can match anything.
func CheckPattern(p string) error {
	plain := strings.TrimLeft(p, "/")
	if plain == "" || !doublestar.ValidatePattern(plain) {
		return fmt.Errorf("%q is no pattern of paths: give a path like /etc/passwd, or a pattern like /etc/**/*.conf", p)
	}
	return nil
}

func (w *wishes) want(p image.Path) bool {
	if w.exact[p] {
		return true
	}
	for _, g := range w.globs {
		if doublestar.MatchUnvalidated(g, string(p)) {
			return true
		}
	}
	return false
}

func (w *wishes) hash() string {
	h := sha256.Sum256([]byte(strings.Join(w.patterns, "\x00")))
	return hex.EncodeToString(h[:6])
}
