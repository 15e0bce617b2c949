package v1

import (
	"context"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
)

// ImageDiffAnswer is how two images differ.
type ImageDiffAnswer struct {
	Before       ImageDiffSide       `json:"before"`
	After        ImageDiffSide       `json:"after"`
	Added        []DiffPackage       `json:"packages_added"`
	Removed      []DiffPackage       `json:"packages_removed"`
	Changed      []PackageChange     `json:"packages_changed"`
	Unchanged    int                 `json:"packages_unchanged_count"`
	Files        ImageDiffFiles      `json:"files"`
	SharedLayers int                 `json:"shared_layers" doc:"Layers, from the base on, that both have"`
	Config       []engine.Difference `json:"config"`
	Vulns        VulnDiffAnswer      `json:"vulnerabilities"`
	Evaluation   *EvaluationDiff     `json:"evaluation,omitempty" doc:"By the active policy; nothing of it is stored"`
}

// ImageDiffSide is one of the two.
type ImageDiffSide struct {
	Digest   image.Digest `json:"imageDigest"`
	Packages int          `json:"package_count"`
	Layers   int          `json:"layer_count"`
	Size     int64        `json:"size"`
}

// DiffPackage is a package that one of the images has.
type DiffPackage struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Path    string `json:"path,omitempty"`
}

// PackageChange is a package in two versions.
type PackageChange struct {
	DiffPackage
	Before string `json:"version_before"`
}

// ImageDiffFiles counts the entries of both trees.
type ImageDiffFiles struct {
	Before   image.FileCount `json:"before"`
	After    image.FileCount `json:"after"`
	Compared bool            `json:"compared" doc:"False when the files of one are not known, as of an import"`
	Added    int             `json:"added"`
	Removed  int             `json:"removed"`
	Changed  int             `json:"changed"`
}

type diffImages struct {
	ImagePath
	Moment
	Other string `query:"other" required:"true" doc:"Digest of the image to compare with, which counts as the later one"`
	Tag   string `query:"tag" doc:"Tag to evaluate both for; default the newest of each"`
}

func (r *routes) diffImages(ctx context.Context, in *diffImages) (ImageDiffAnswer, error) {
	a, err := digestOf(in.Digest)
	if err != nil {
		return ImageDiffAnswer{}, err
	}
	b, err := digestOf(in.Other)
	if err != nil {
		return ImageDiffAnswer{}, err
	}
	m, err := in.Moment.read()
	if err != nil {
		return ImageDiffAnswer{}, err
	}
	d, err := r.Evaluations.DiffImages(ctx, account(ctx), a, b, in.Tag, m)
	if err != nil {
		return ImageDiffAnswer{}, err
	}
	side := func(s *engine.ImageSide) ImageDiffSide {
		return ImageDiffSide{s.Image.Digest, s.Packages, s.Layers, s.Size}
	}
	out := ImageDiffAnswer{
		Before: side(&d.Before), After: side(&d.After), Added: diffPackages(d.Added), Removed: diffPackages(d.Removed), Changed: []PackageChange{},
		Unchanged: d.Unchanged, SharedLayers: d.SharedLayers, Config: d.Config, Vulns: r.newVulnDiff(d.Findings), Evaluation: newEvaluationDiff(d.Verdict),
		Files: ImageDiffFiles{d.Files.Before, d.Files.After, d.Files.Compared, d.Files.Added, d.Files.Removed, d.Files.Changed},
	}
	for i := range d.Changed {
		out.Changed = append(out.Changed, PackageChange{diffPackage(&d.Changed[i].After), d.Changed[i].Before.Version})
	}
	return out, nil
}

func diffPackages(list []image.Package) []DiffPackage {
	out := make([]DiffPackage, 0, len(list))
	for i := range list {
		out = append(out, diffPackage(&list[i]))
	}
	return out
}

func diffPackage(p *image.Package) DiffPackage {
	return DiffPackage{p.Type.V1(), p.Name, p.Version, p.V1Path()}
}
