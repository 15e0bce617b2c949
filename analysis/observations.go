package analysis

import (
	"cmp"
	"fmt"
	"slices"

	"landwaiter.dev/image"
)

// observations adds what looking at bytes alone has found: secrets, searched texts, retrieved files, malware.
func (g *merging) observations(a *image.Analysis, c image.Config) {
	for i, r := range g.reports {
		for _, m := range r.Searched.Secrets {
			// Whoever pulls the image has what a later layer hides.
			m.Layer, m.Removed = i, !g.visible(i, m.Path)
			a.Secrets = append(a.Secrets, m)
		}
		for _, m := range r.Searched.Matches {
			if g.visible(i, m.Path) {
				m.Layer = i
				a.Matches = append(a.Matches, m)
			}
		}
		for _, f := range r.Retrieved.Files {
			if g.visible(i, f.Path) {
				if f.Content == nil {
					f.Content = []byte{} // an empty file, and no missing one
				}
				a.Retrieved = append(a.Retrieved, f)
			}
		}
		for _, gap := range slices.Concat(r.Searched.Gaps, r.Retrieved.Gaps, r.Scanned.Gaps) {
			gap.Layer = i
			g.gaps.add(gap)
		}
	}
	if g.search != nil {
		secrets, gaps := g.search.Config(c.Container, c.History)
		a.Secrets = append(a.Secrets, secrets...)
		for _, gap := range gaps {
			g.gaps.add(gap)
		}
	}
	slices.SortStableFunc(a.Secrets, compareMatches)
	slices.SortStableFunc(a.Matches, compareMatches)
	slices.SortStableFunc(a.Retrieved, func(x, y image.RetrievedFile) int { return comparePaths(x.Path, y.Path) })
	g.malwareFindings(a)
}

func (g *merging) malwareFindings(a *image.Analysis) {
	if g.malware == "" {
		return
	}
	a.Malware = &image.Malware{Scanner: g.scanner, Version: g.malware, Findings: []image.MalwareFinding{}}
	for i, r := range g.reports {
		for _, f := range r.Scanned.Findings {
			f.Layer, f.Removed = i, !g.visible(i, f.Path)
			a.Malware.Findings = append(a.Malware.Findings, f)
		}
	}
	slices.SortStableFunc(a.Malware.Findings, compareMalware)
}

// special lists the files that give their caller rights.
func special(t *Tree) (list []image.SpecialFile) {
	for i := range t.files {
		f := &t.files[i]
		capable := slices.Contains(f.Xattrs, "security.capability")
		if f.Type != image.Regular || f.Mode&0o6000 == 0 && !capable {
			continue
		}
		list = append(list, image.SpecialFile{Path: f.Path, Mode: fmt.Sprintf("%o", f.Mode), Capabilities: capable, UID: f.UID, GID: f.GID, Layer: f.Layer})
	}
	return list
}

func comparePaths(a, b image.Path) int { return cmp.Compare(a, b) }

func compareMatches(a, b image.TextMatch) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.HMAC, b.HMAC))
}

func compareMalware(a, b image.MalwareFinding) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Signature, b.Signature))
}
