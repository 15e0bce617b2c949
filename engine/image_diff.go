package engine

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"landwaiter.dev/analysis/secret"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// ImageDiff is how two images, as known at one moment, differ.
type ImageDiff struct {
	Before, After ImageSide
	// Packages that came, went, and have another version, by type, name and place.
	Added, Removed []image.Package
	Changed        []PackageChange
	// Unchanged counts packages that are the same.
	Unchanged int
	Files     FileDiff
	// SharedLayers counts the layers, from the base on, that both have.
	SharedLayers int
	// Config differs in these respects: "env.PATH", "user", "entrypoint", "label.x", "platform", "distribution", … Values that are secret
	// are "masked".
	Config   []Difference
	Findings *VulnDiff
	// Verdict by the active policy, each image for its own tag; nil when no policy is active, or an image has no tag.
	Verdict *VerdictDiff
}

// ImageSide is one of the two.
type ImageSide struct {
	Image    store.Image
	Packages int
	Layers   int
	Size     int64
}

// PackageChange is a package that both have, in two versions.
type PackageChange struct{ Before, After image.Package }

// FileDiff counts the entries of both trees. Compared is false when one of the trees is not known, as of an import; directories
// that no layer lists are not compared.
type FileDiff struct {
	Before, After           image.FileCount
	Compared                bool
	Added, Removed, Changed int
}

// DiffImages compares two images. tag is the one to evaluate both for; "" stands for the newest of each.
func (u *Evaluations) DiffImages(ctx context.Context, account string, a, b image.Digest, tag string, m Moment) (*ImageDiff, error) {
	vulns := u.checks.vulns
	findings, err := vulns.DiffImages(ctx, account, a, b, m)
	if err != nil {
		return nil, err
	}
	out := &ImageDiff{Findings: findings}
	before, err := u.sideOf(ctx, findings.Before.Image, m, &out.Before)
	if err != nil {
		return nil, err
	}
	after, err := u.sideOf(ctx, findings.After.Image, m, &out.After)
	if err != nil {
		return nil, err
	}
	x, y := before.analyzed.Analysis, after.analyzed.Analysis
	diffPackages(out, x.Packages, y.Packages)
	out.Config = diffConfigs(x, y)
	for out.SharedLayers < min(len(x.Layers), len(y.Layers)) && x.Layers[out.SharedLayers].DiffID == y.Layers[out.SharedLayers].DiffID {
		out.SharedLayers++
	}
	if out.Files, err = u.diffFiles(ctx, x, y); err != nil {
		return nil, err
	}
	out.Verdict, err = u.diffVerdictsOf(ctx, account, findings, before, after, tag, m)
	return out, err
}

func (u *Evaluations) sideOf(ctx context.Context, img store.Image, m Moment, side *ImageSide) (*state, error) {
	s, err := u.checks.vulns.at(ctx, img, m)
	if err != nil {
		return nil, err
	}
	a := s.analyzed.Analysis
	*side = ImageSide{Image: img, Packages: len(a.Packages), Layers: len(a.Layers), Size: a.Size}
	return s, nil
}

// diffVerdictsOf evaluates both by the policy in force; nothing is stored.
func (u *Evaluations) diffVerdictsOf(ctx context.Context, account string, d *VulnDiff, before, after *state, tag string, m Moment) (*VerdictDiff, error) {
	p, err := u.checks.policies.choose(ctx, account, "", m)
	if e, ok := errors.AsType[*Error](err); ok && e.Class == ClassNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	of := func(img store.Image, s *state) (*evidence, error) {
		name := tag
		if name == "" && len(img.Tags) > 0 {
			name = img.Tags[0].FullTag()
		}
		if name == "" {
			return nil, nil
		}
		ref, err := image.ParseReference(name)
		if err != nil {
			return nil, Errorf(ClassInvalid, "invalid_reference", "tag: %w", err)
		}
		v, err := u.checks.verdict(ctx, account, ref.FullTag(), img, s, p, reasonRequested)
		if err != nil {
			return nil, err
		}
		return readEvidence(v.header, v.evidence)
	}
	x, err := of(d.Before.Image, before)
	if err != nil || x == nil {
		return nil, err
	}
	y, err := of(d.After.Image, after)
	if err != nil || y == nil {
		return nil, err
	}
	return diffVerdicts(x, y), nil
}

// diffPackages lays packages of one name beside each other: at the same place first, then anywhere.
func diffPackages(out *ImageDiff, before, after []image.Package) {
	out.Added, out.Removed, out.Changed = []image.Package{}, []image.Package{}, []PackageChange{}
	taken, found := make([]bool, len(before)), make([]bool, len(after))
	passes := []func(p *image.Package) string{
		func(p *image.Package) string { return p.Version + "\x00" + p.Arch + "\x00" + p.V1Path() },
		func(p *image.Package) string { return p.Arch + "\x00" + p.V1Path() },
		func(p *image.Package) string { return p.Version },
		func(*image.Package) string { return "" },
	}
	for _, place := range passes {
		key := func(p *image.Package) string {
			return string(p.Type) + "\x00" + p.Namespace + "\x00" + p.Name + "\x00" + place(p)
		}
		open := map[string][]int{}
		for i := range before {
			if !taken[i] {
				open[key(&before[i])] = append(open[key(&before[i])], i)
			}
		}
		for i := range after {
			k := key(&after[i])
			if found[i] || len(open[k]) == 0 {
				continue
			}
			n := open[k][0]
			open[k] = open[k][1:]
			taken[n], found[i] = true, true
			if before[n].Version == after[i].Version {
				out.Unchanged++
			} else {
				out.Changed = append(out.Changed, PackageChange{before[n], after[i]})
			}
		}
	}
	for i := range after {
		if !found[i] {
			out.Added = append(out.Added, after[i])
		}
	}
	for i := range before {
		if !taken[i] {
			out.Removed = append(out.Removed, before[i])
		}
	}
	byName := func(a, b image.Package) int {
		return strings.Compare(string(a.Type)+"\x00"+a.Name+"\x00"+a.Version, string(b.Type)+"\x00"+b.Name+"\x00"+b.Version)
	}
	slices.SortStableFunc(out.Added, byName)
	slices.SortStableFunc(out.Removed, byName)
	slices.SortStableFunc(out.Changed, func(a, b PackageChange) int { return byName(a.After, b.After) })
}

// diffFiles compares the merged trees by path: what has another content, kind, mode or owner changed.
func (u *Evaluations) diffFiles(ctx context.Context, a, b *image.Analysis) (FileDiff, error) {
	out := FileDiff{Before: a.Files, After: b.Files}
	if !wasRead(a) || !wasRead(b) {
		return out, nil
	}
	x, err := u.checks.vulns.content.listing(ctx, a)
	if err != nil {
		return out, err
	}
	y, err := u.checks.vulns.content.listing(ctx, b)
	if err != nil {
		return out, err
	}
	out.Compared = true
	before, after := x.listed, y.listed
	i, j := 0, 0
	for i < len(before) || j < len(after) { // both by path
		switch {
		case j == len(after) || i < len(before) && before[i].Path < after[j].Path:
			out.Removed++
			i++
		case i == len(before) || after[j].Path < before[i].Path:
			out.Added++
			j++
		default:
			if x, y := &before[i], &after[j]; x.Type != y.Type || !bytes.Equal(x.SHA256, y.SHA256) || x.Mode != y.Mode || x.UID != y.UID || x.GID != y.GID || x.Link != y.Link {
				out.Changed++
			}
			i, j = i+1, j+1
		}
	}
	return out, nil
}

// masked stands in the place of a value that is secret, or is called so.
const masked = "masked"

// diffConfigs compares what containers of the images would run as. Values in which a rule found a secret in one of the images,
// and those of names that say that they are secret, are masked in both.
func diffConfigs(a, b *image.Analysis) []Difference {
	x, y := configWords(a), configWords(b)
	names := slices.Sorted(maps.Keys(x))
	for name := range y {
		if _, both := x[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	list := []Difference{}
	for _, name := range names {
		if x[name] == y[name] {
			continue
		}
		d := Difference{What: name, Before: x[name], After: y[name]}
		if hidden(a, name) || hidden(b, name) {
			for _, value := range []*string{&d.Before, &d.After} {
				if *value != "" {
					*value = masked
				}
			}
		}
		list = append(list, d)
	}
	return list
}

// hidden says whether the value of a word of [configWords] is not to be shown.
func hidden(a *image.Analysis, word string) bool {
	place := word
	for _, kind := range []string{"env", "label"} {
		if name, is := strings.CutPrefix(word, kind+"."); is {
			if secret.Named(name) {
				return true
			}
			place = kind + " " + name
		}
	}
	return slices.ContainsFunc(a.Secrets, func(m image.TextMatch) bool { return m.Place == place })
}

func configWords(a *image.Analysis) map[string]string {
	c := &a.Config
	words := map[string]string{
		"user": c.User, "working_dir": c.WorkingDir, "entrypoint": strings.Join(c.Entrypoint, " "), "cmd": strings.Join(c.Cmd, " "),
		"platform": a.Platform.String(), "distribution": strings.TrimSpace(a.Distro.ID + " " + a.Distro.VersionID),
		"ports": strings.Join(sortedWords(c.ExposedPorts), " "), "volumes": strings.Join(sortedWords(c.Volumes), " "),
		"stop_signal": c.StopSignal, "healthcheck": string(c.Healthcheck), "shell": strings.Join(c.Shell, " "), "onbuild": strings.Join(c.OnBuild, "; "),
	}
	for _, e := range c.Env {
		name, value, _ := strings.Cut(e, "=")
		words["env."+name] = value
	}
	for name, value := range c.Labels {
		words["label."+name] = value
	}
	return words
}
