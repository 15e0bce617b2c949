package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/analysis/secret"
	"landwaiter.dev/image"
)

// Merge makes one image of the reports of its layers, the base first. It is pure: it changes nothing that it is given,
// and equal input gives an equal analysis.
func Merge(m image.Manifest, c image.Config, reports []*Report, gaps []image.Gap) (*image.Analysis, *Tree, error) {
	return merge(m, c, reports, gaps, mergeOptions{catalogers: catalog.All(), limits: DefaultLimits()})
}

// mergeOptions are what a merge depends on besides manifest, config and reports.
type mergeOptions struct {
	catalogers []catalog.Cataloger
	limits     Limits
	// search looks into the config; nil does not.
	search *secret.Scanner
	hints  bool
	// scanner and malware are name and version of the malware scanner that the reports are from; "" when none was asked.
	scanner, malware string
}

func (r *Reader) merging(malware string) mergeOptions {
	o := mergeOptions{catalogers: r.catalogers, limits: r.limits, search: r.search, hints: r.hints, malware: malware}
	if r.malware != nil {
		o.scanner = r.malware.Name()
	}
	return o
}

// merging is a merge on its way.
type merging struct {
	mergeOptions
	reports []*Report
	gaps    *gapList
	tree    *Tree
	since   *attribution
	verify  *verification
}

func merge(m image.Manifest, c image.Config, reports []*Report, known []image.Gap, o mergeOptions) (*image.Analysis, *Tree, error) {
	lim := o.limits
	if err := fits(m, c, &lim); err != nil {
		return nil, nil, err
	}
	if len(reports) != len(m.Layers) {
		return nil, nil, fmt.Errorf("%d layer reports for %d layers", len(reports), len(m.Layers))
	}
	g := &merging{mergeOptions: o, reports: reports, gaps: newGaps(lim.Gaps), since: newAttribution()}
	for _, gap := range known {
		g.gaps.add(gap)
	}
	if err := g.layers(m); err != nil {
		return nil, nil, err
	}
	g.keep()
	a := &image.Analysis{
		Schema: image.AnalysisSchema, Digest: m.Digest, ID: m.Config.Digest, MediaType: m.MediaType,
		Platform: c.Platform, Created: c.Created, Config: c.Container, History: append([]image.History{}, c.History...),
		Size: tarSize(g.tree), Files: count(g.tree), Revisions: g.revisions(),
	}
	if a.ID == "" {
		a.ID = c.Digest
	}
	for _, field := range c.Odd {
		g.gap(image.GapUnsupportedContent, "", fmt.Sprintf("the config's field %q is not as the specification has it and was left out", field))
	}
	g.describeLayers(a, m, c)
	a.Dockerfile = Dockerfile(c.History, c.Container)
	a.Base = Base(m.Raw, c.Container.Labels)
	a.Distro = distro(g.tree, g.facts())
	a.Packages, a.Declared = g.packages()
	g.missingDatabases(a.Distro, a.Packages)
	if g.hints {
		a.Packages = g.hinted(a.Packages)
	}
	a.Verification = g.verify.done(g)
	a.Special = special(g.tree)
	g.observations(a, c)
	g.linkedPasswd()
	a.Gaps = sortedGaps(append([]image.Gap{}, g.gaps.list...))
	return a, g.tree, nil
}

func (g *merging) gap(kind image.GapKind, path image.Path, detail string) {
	g.gaps.add(image.Gap{Kind: kind, Path: path, Layer: -1, Detail: detail})
}

// linkedPasswd notes that the users of the image stand in a file of another name, where nothing looks for them.
func (g *merging) linkedPasswd() {
	const passwd = image.Path("etc/passwd")
	real, err := g.tree.walk(passwd, true)
	if f, ok := g.tree.Lookup(passwd); err == nil && real != passwd || err != nil && ok && f.Type == image.Symlink {
		g.gap(image.GapFileSkipped, passwd, "it is reached through a symlink and was not retrieved: its users are not known")
	}
}

// layers lays the layers on each other and follows, layer by layer, what the package databases say.
func (g *merging) layers(m image.Manifest) error {
	size := 0
	for _, r := range g.reports {
		size = max(size, len(r.Files))
	}
	o := newOverlay(size, g.limits.Implied, g.gaps)
	for i, r := range g.reports {
		if want := declared(m.Layers[i].MediaType); want != "" && r.Compression != "" && want != r.Compression {
			g.gaps.add(image.Gap{Kind: image.GapMediaType, Layer: i, Detail: fmt.Sprintf("the media type says %s, the bytes are %s", compressionName(want), compressionName(r.Compression))})
		}
		for _, gap := range r.Gaps {
			gap.Layer = i
			g.gaps.add(gap)
		}
		o.apply(i, r)
		if o.full() {
			return ofLayer(&Error{Code: CodeLimit, Reason: fmt.Sprintf("the names of its files imply more than %d folders that no layer lists (LANDWAITER_LIMITS_IMPLIED)", g.limits.Implied)}, m.Layers[i].Digest)
		}
		g.since.layer(i, r, o)
	}
	g.tree = o.tree(g.limits.Links)
	return nil
}

func compressionName(c Compression) string {
	if c == Plain {
		return "an uncompressed tar"
	}
	return string(c)
}

// visible says whether the file that layer i has at path is the one that the image shows.
func (g *merging) visible(i int, path image.Path) bool {
	f, ok := g.tree.Lookup(path)
	return ok && f.Layer == i && f.Type == image.Regular
}

// keep collects the kept files that are visible, hard links to them too.
func (g *merging) keep() {
	for i, r := range g.reports {
		for _, k := range r.Kept {
			if k.Fact == "" && g.visible(i, k.Path) {
				g.tree.kept[k.Path] = k.Data
			}
		}
	}
}

// facts are what is known of visible files besides their bytes.
func (g *merging) facts() map[image.Path]string {
	m := map[image.Path]string{}
	bySum := map[string]string{}
	for i, r := range g.reports {
		for _, k := range r.Kept {
			if k.Fact != FactBusybox {
				continue
			}
			if g.visible(i, k.Path) {
				m[k.Path] = string(k.Data)
			}
			if at, ok := slices.BinarySearchFunc(r.Files, k.Path, func(f image.File, p image.Path) int { return cmp.Compare(f.Path, p) }); ok {
				bySum[string(r.Files[at].SHA256)] = string(k.Data)
			}
		}
	}
	// busybox may stand there as a hard link to one of its other names.
	for _, p := range []image.Path{"bin/busybox", "usr/bin/busybox", "sbin/busybox"} {
		if f, ok := g.tree.Lookup(p); ok && f.SHA256 != nil && bySum[string(f.SHA256)] != "" {
			m[p] = bySum[string(f.SHA256)]
		}
	}
	return m
}

func (g *merging) revisions() map[string]string {
	sets := map[string]map[string]bool{}
	for _, r := range g.reports {
		for name, rev := range r.Revisions {
			if sets[name] == nil {
				sets[name] = map[string]bool{}
			}
			sets[name][rev] = true
		}
	}
	out := map[string]string{}
	for name, revs := range sets {
		out[name] = strings.Join(slices.Sorted(maps.Keys(revs)), ",")
	}
	out[mergePart] = g.mergedBy()
	return out
}

func (g *merging) describeLayers(a *image.Analysis, m image.Manifest, c image.Config) {
	a.Layers = make([]image.Layer, len(m.Layers))
	made, fits := alignHistory(c.History, len(m.Layers))
	for i, d := range m.Layers {
		a.Layers[i] = image.Layer{LayerID: g.reports[i].Layer, MediaType: d.MediaType, Size: d.Size, TarSize: g.reports[i].TarSize, CreatedBy: made[i]}
		a.CompressedSize += d.Size
	}
	if !fits {
		g.gap(image.GapHistory, "", fmt.Sprintf("the history has %d entries that made a layer, the image has %d layers; which line made which layer is not known", layersOf(c.History), len(m.Layers)))
	}
}

func sortedGaps(gaps []image.Gap) []image.Gap {
	slices.SortStableFunc(gaps, func(a, b image.Gap) int {
		return cmp.Or(cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Detail, b.Detail))
	})
	return gaps
}

// count counts the tree. Names of one content, hard links of each other, count their bytes once.
func count(t *Tree) image.FileCount {
	var n image.FileCount
	for i := range t.files {
		f := &t.files[i]
		n.Total++
		switch f.Type {
		case image.Regular:
			n.Regular++
			if !t.secondName(f) {
				n.Bytes += f.Size
			}
			if f.Mode&0o4000 != 0 {
				n.SUID++
			}
		case image.Directory:
			n.Directories++
		case image.Symlink:
			n.Symlinks++
		default:
			n.Other++
		}
	}
	return n
}

// secondName says whether f is a hard link whose content the tree has under the name that it links to.
func (t *Tree) secondName(f *image.File) bool {
	if !f.HardLink {
		return false
	}
	other, ok := t.Lookup(image.Path(f.Link))
	return ok && other.Type == image.Regular && string(other.SHA256) == string(f.SHA256)
}

// tarSize is how many bytes the merged tree has as a tar: a header for each entry, contents in blocks of 512, long names
// in blocks of their own, and the end filled up to a record of 10,240. Directories that no layer lists are not in it.
func tarSize(t *Tree) int64 {
	block := func(n int64) int64 { return (n + 511) / 512 * 512 }
	size := int64(0)
	for i := range t.files {
		f := &t.files[i]
		if t.implied[f.Path] {
			continue
		}
		size += 512
		if n := int64(len(f.Path)); n > 100 {
			size += 512 + block(n+1)
		}
		if n := int64(len(f.Link)); n > 100 {
			size += 512 + block(n+1)
		}
		if f.Type == image.Regular && !t.secondName(f) {
			size += block(f.Size)
		}
	}
	return (size + 1024 + 10239) / 10240 * 10240
}
