package analysis

import (
	"strings"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

// isClean says whether [image.CleanPath] gives s as it is, without making a copy.
func isClean(s string) bool {
	if s == "" {
		return true
	}
	if len(s) > image.MaxPathLength || strings.IndexByte(s, 0) >= 0 {
		return false
	}
	depth, start := 0, 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '/' {
			continue
		}
		switch s[start:i] {
		case "", ".", "..":
			return false
		}
		start = i + 1
		depth++
	}
	return depth <= image.MaxPathDepth
}

// cleanFound holds a cataloguer to the rule that every path is a clean key: what can be cleaned is, what cannot is
// left out with a gap.
func cleanFound(f *catalog.Found) {
	lost := 0
	fix := func(p *image.Path) bool {
		if isClean(string(*p)) {
			return true
		}
		c, err := image.CleanPath(string(*p))
		*p = c
		return err == nil
	}
	owned := func(list []image.OwnedFile) []image.OwnedFile {
		keep := list[:0]
		for _, o := range list {
			if fix(&o.Path) {
				keep = append(keep, o)
			} else {
				lost++
			}
		}
		return keep
	}
	for _, list := range [][]image.Package{f.Packages, f.Declared} {
		for i := range list {
			p := &list[i]
			if !fix(&p.Location) || p.Location == "" {
				p.Location = f.Path
			}
			p.Files = owned(p.Files)
		}
	}
	for i := range f.Texts {
		f.Texts[i].Path = f.Path
	}
	for i := range f.Lists {
		f.Lists[i].Files = owned(f.Lists[i].Files)
	}
	for i := range f.Gaps {
		fix(&f.Gaps[i].Path)
		if f.Gaps[i].Path == "" {
			f.Gaps[i].Path = f.Path
		}
	}
	if lost > 0 {
		f.Gaps = append(f.Gaps, image.Gap{Kind: image.GapParserFailed, Path: f.Path, Detail: "names of package files that are no paths were left out", Count: lost - 1})
	}
}
