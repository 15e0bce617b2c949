package gate

import (
	"maps"
	"slices"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/spdx"
	"landwaiter.dev/policy/expr"
	"landwaiter.dev/policy/license"
)

// document is the image as expressions see it.
func (c *Context) document() *expr.Document {
	a := c.Analysis
	d := &expr.Document{
		Image: &expr.Image{
			Digest: string(a.Digest), ID: string(a.ID), Tag: c.Tag, OS: a.Platform.OS, Architecture: a.Platform.Architecture, Variant: a.Platform.Variant,
			Created: a.Created, Size: a.Size, CompressedSize: a.CompressedSize,
		},
		Distro: &expr.Distro{ID: a.Distro.ID, Version: a.Distro.VersionID, Codename: a.Distro.Codename, Name: a.Distro.Name, Like: a.Distro.Like},
		Config: expressionConfig(&a.Config),
		Files: &expr.Files{Total: a.Files.Total, Regular: a.Files.Regular, Directories: a.Files.Directories, Symlinks: a.Files.Symlinks, SUID: a.Files.SUID,
			Bytes: a.Files.Bytes},
		Base:       c.expressionBase(),
		Dockerfile: &expr.Dockerfile{Text: c.Dockerfile, Mode: string(c.DockerfileMode)},
		Now:        nextDay(c.At).AddDate(0, 0, -1),
		Packages:   c.expressionPackages, Findings: c.expressionFindings,
		Secrets: func() []*expr.Secret {
			return each(a.Secrets, func(s *image.TextMatch) *expr.Secret {
				return &expr.Secret{Rule: s.Rule, Path: absolute(s.Path), Place: s.Place, Line: s.Line, Layer: s.Layer, Removed: s.Removed}
			})
		},
		Gaps: func() []*expr.Gap {
			return each(c.Gaps, func(g *image.Gap) *expr.Gap {
				return &expr.Gap{Kind: string(g.Kind), Path: absolute(g.Path), Detail: g.Detail, Count: g.Count + 1}
			})
		},
		Special: func() []*expr.SpecialFile {
			return each(a.Special, func(s *image.SpecialFile) *expr.SpecialFile {
				return &expr.SpecialFile{Path: absolute(s.Path), Mode: s.Mode, Capabilities: s.Capabilities, UID: s.UID, GID: s.GID}
			})
		},
	}
	for i := range a.Layers {
		l := &a.Layers[i]
		d.Image.Layers = append(d.Image.Layers, &expr.Layer{Digest: string(l.Blob), Size: l.Size, CreatedBy: l.CreatedBy})
	}
	for i := range a.History {
		d.Image.History = append(d.Image.History, a.History[i].CreatedBy)
	}
	if a.Malware != nil {
		d.Malware = func() []*expr.Malware {
			return each(a.Malware.Findings, func(f *image.MalwareFinding) *expr.Malware {
				return &expr.Malware{Path: absolute(f.Path), Signature: f.Signature, Removed: f.Removed}
			})
		}
	}
	if c.Facts.Signatures != nil {
		d.Signatures = func() []*expr.Signature {
			return each(c.Facts.Signatures.Found, func(s *Signature) *expr.Signature {
				return &expr.Signature{PredicateType: s.PredicateType, Trust: s.Trust, Identity: s.Identity, Issuer: s.Issuer, Verified: s.Verified()}
			})
		}
	}
	return d
}

func each[T, U any](list []T, f func(*T) *U) []*U {
	out := make([]*U, len(list))
	for i := range list {
		out[i] = f(&list[i])
	}
	return out
}

// absolute is a path with its slash; "" for none.
func absolute(p image.Path) string {
	if p == "" {
		return ""
	}
	return p.Abs()
}

func expressionConfig(c *image.ContainerConfig) *expr.Config {
	out := &expr.Config{
		User: c.User, Entrypoint: c.Entrypoint, Cmd: c.Cmd, WorkingDir: c.WorkingDir, Labels: c.Labels, StopSignal: c.StopSignal,
		ExposedPorts: slices.Sorted(maps.Keys(c.ExposedPorts)), Volumes: slices.Sorted(maps.Keys(c.Volumes)),
		HasHealthcheck: len(c.Healthcheck) > 0 && string(c.Healthcheck) != "null", Env: make(map[string]string, len(c.Env)),
	}
	for _, e := range c.Env {
		name, value, _ := strings.Cut(e, "=")
		out.Env[name] = value
	}
	return out
}

func (c *Context) expressionBase() *expr.Base {
	out := &expr.Base{}
	l := c.Facts.Lineage
	if l == nil {
		return out
	}
	out.Outdated = len(l.Newer) > 0
	if b := l.Base; b != nil {
		out.Known, out.Digest, out.Tags, out.Layers = true, string(b.Digest), b.Tags, b.Layers
	}
	if l.Declared != nil {
		out.DeclaredName, out.DeclaredDigest = l.Declared.Name, string(l.Declared.Digest)
	}
	return out
}

func (c *Context) expressionPackages() []*expr.Package {
	return each(c.Analysis.Packages, c.expressionPackage)
}

func (c *Context) expressionPackage(p *image.Package) *expr.Package {
	path := absolute(p.Location)
	if p.Inner != "" {
		path += "!" + p.Inner
	}
	return &expr.Package{
		Type: string(p.Type), Name: p.Name, Version: p.Version, Arch: p.Arch, Path: path, SourceName: p.SourceName, License: p.License,
		LicenseCategory: c.licenseCategory(p.License), Licenses: p.Licenses, Origin: p.Origin, OS: p.Type.OS(), Owned: p.OwnedBy != nil,
		Inherited: c.base().Inherits(p.Layer), Layer: p.Layer,
	}
}

// licenseCategory is [licenseCategory], once for each expression.
func (c *Context) licenseCategory(expression string) string {
	category, known := c.categories[expression]
	if !known {
		if c.categories == nil {
			c.categories = map[string]string{}
		}
		category = licenseCategory(expression)
		c.categories[expression] = category
	}
	return category
}

// licenseCategory is the mildest category by which a package can be used: of licences joined by AND the strictest, of those
// joined by OR the mildest.
func licenseCategory(expression string) string {
	e, err := spdx.Parse(expression)
	if err != nil {
		return string(license.Unknown)
	}
	all := license.Categories()
	for i, c := range all {
		milder := all[:i+1]
		if len(license.Refused(e, func(id string) bool { return !slices.Contains(milder, license.CategoryOf(id)) }, false)) == 0 {
			return string(c)
		}
	}
	return string(license.Unknown)
}

func (c *Context) expressionFindings() []*expr.Finding {
	return each(c.vulnerabilities(), func(f *finding) *expr.Finding {
		out := &expr.Finding{
			ID: f.ID, IDs: f.IDs, Severity: severityWords[min(int(f.Severity), len(severityWords)-1)], SeverityLevel: int(f.Severity),
			Package: c.expressionPackage(&f.Package), Fixes: f.Fixes, State: string(f.State), Title: f.Title, Published: f.Published,
			KnownExploited: f.KnownExploited != "", Since: c.detectedAt(f), FixSince: f.FixSince, Inherited: c.base().Inherits(f.Package.Layer),
		}
		for i := range f.CVSS {
			out.CVSS = max(out.CVSS, f.CVSS[i].Base)
		}
		t := c.threat(&f.Finding)
		out.EPSS, out.EPSSPercentile = t.Score, t.Percentile
		if out.KnownExploited {
			out.KEVDue, out.Ransomware = t.Due, t.Ransomware
		}
		if f.VEX != nil {
			out.VEXStatus = f.VEX.Status
		}
		return out
	})
}
