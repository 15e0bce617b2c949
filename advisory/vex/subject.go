package vex

import (
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"landwaiter.dev/image"
)

// Subject is the image on whose findings statements are laid, by all its names.
type Subject struct {
	// Digests of its manifest, its index and its config.
	Digests []image.Digest
	// References are the tags that it has, or had at the moment asked about.
	References []image.Reference
	Platform   image.Platform
	Distro     image.Distro
}

// reference is a name that registries could know: a repository, perhaps with a tag or digest.
type reference struct {
	repository string // with its registry, see [repositoryOf]
	tag        string // "" when none was written
	digest     image.Digest
}

// readReference reads a name that could be one of an image.
func readReference(name string) (reference, bool) {
	for _, scheme := range []string{"docker://", "oci://"} {
		name = strings.TrimPrefix(name, scheme)
	}
	r, err := image.ParseReference(name)
	if err != nil {
		return reference{}, false
	}
	out := reference{repository: repositoryOf(r), digest: r.Digest, tag: r.Tag}
	rest, _, _ := strings.Cut(name, "@")
	if !strings.HasSuffix(rest, ":"+r.Tag) {
		out.tag = "" // nobody wrote "latest"
	}
	return out, true
}

// Repository is a repository with its registry, by one name: Docker Hub has several.
func Repository(r image.Reference) string { return repositoryOf(r) }

// Named says whether a name is one of the image's: a digest, a reference, a repository, or a package URL of type oci or
// docker.
func (s *Subject) Named(name string) bool {
	var c Component
	c.add(name)
	return s.named(&c)
}

func repositoryOf(r image.Reference) string {
	registry, repository := r.Registry, r.Repository
	if registry == "index.docker.io" || registry == "registry-1.docker.io" {
		registry = "docker.io"
	}
	if registry == "docker.io" {
		repository = strings.TrimPrefix(repository, "library/")
	}
	return registry + "/" + repository
}

// named says whether one of a component's names is one of the image's.
func (s *Subject) named(c *Component) bool {
	for _, d := range c.Digests {
		if slices.Contains(s.Digests, d) {
			return true
		}
	}
	return slices.ContainsFunc(c.purls, s.isPURL) || slices.ContainsFunc(c.refs, s.isReference)
}

func (s *Subject) isReference(r reference) bool {
	if r.digest != "" {
		return slices.Contains(s.Digests, r.digest)
	}
	return slices.ContainsFunc(s.References, func(own image.Reference) bool {
		return repositoryOf(own) == r.repository && (r.tag == "" || r.tag == own.Tag)
	})
}

// isPURL compares a package URL of type oci or docker. A digest in it decides, whatever the name; else the repository and
// what else is given must fit.
func (s *Subject) isPURL(p packageurl.PackageURL) bool {
	q := p.Qualifiers.Map()
	tag := q["tag"]
	if p.Version != "" {
		if d, err := image.ParseDigest(p.Version); err == nil {
			return slices.Contains(s.Digests, d)
		}
		tag = p.Version
	}
	if arch := q["arch"]; arch != "" && s.Platform.Architecture != "" && arch != s.Platform.Architecture {
		return false
	}
	return slices.ContainsFunc(s.References, func(own image.Reference) bool {
		return (tag == "" || tag == own.Tag) && ofRepository(p, q["repository_url"], own)
	})
}

// ofRepository says whether the package URL of an image names the repository of own. A repository_url is that of the
// repository, or of what holds it.
func ofRepository(p packageurl.PackageURL, place string, own image.Reference) bool {
	repository := repositoryOf(own)
	name := p.Name
	switch p.Type {
	case "oci":
		if !strings.EqualFold(repository[strings.LastIndexByte(repository, '/')+1:], name) {
			return false
		}
		if place == "" {
			return true
		}
	case "docker":
		if p.Namespace != "" {
			name = p.Namespace + "/" + name
		}
		if place == "" {
			place = "docker.io"
		}
	default:
		return false
	}
	for _, scheme := range []string{"https://", "http://", "oci://"} {
		place = strings.TrimPrefix(place, scheme)
	}
	place = strings.TrimSuffix(place, "/")
	for _, full := range []string{place, place + "/" + name} {
		if host, path, ok := strings.Cut(full, "/"); ok && strings.EqualFold(repositoryOf(image.Reference{Registry: host, Repository: path}), repository) {
			return true
		}
	}
	return false
}
