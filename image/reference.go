package image

import (
	"fmt"
	"regexp"
	"strings"
)

// Reference names an image in a registry as users write it, completed by the rules of the /v1 API: a missing registry is
// docker.io, a missing tag is latest, and no "library/" is inserted. With a digest there is a tag only when the user wrote
// one, and the digest decides.
type Reference struct {
	Registry, Repository, Tag string
	Digest                    Digest
}

var (
	referenceChars    = regexp.MustCompile(`^[A-Za-z0-9@:/_.\-\[\]]+$`)
	tagPattern        = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	registryPattern   = regexp.MustCompile(`^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?$`)
	repositoryPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)
)

// ParseReference reads "[registry/]repository[:tag][@digest]". The part before the first slash is a registry when it
// holds a dot or a colon or is localhost, localhost.localdomain or localbuild.
func ParseReference(s string) (Reference, error) {
	if s == "" || len(s) > 512 || !referenceChars.MatchString(s) {
		return Reference{}, fmt.Errorf("%.100q is not an image reference: want [registry/]repository[:tag] or …@sha256:…", s)
	}
	rest, digest, hasDigest := strings.Cut(s, "@")
	var r Reference
	if hasDigest {
		d, err := ParseDigest(digest)
		if err != nil {
			return Reference{}, err
		}
		r.Digest = d
	}
	r.Registry = "docker.io"
	if host, path, ok := strings.Cut(rest, "/"); ok && isRegistry(host) {
		if !registryPattern.MatchString(host) {
			return Reference{}, fmt.Errorf("%.100q: %.100q is not a registry's host name", s, host)
		}
		r.Registry, rest = host, path
	}
	r.Repository = rest
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && !strings.Contains(rest[i:], "/") {
		r.Repository, r.Tag = rest[:i], rest[i+1:]
		if !tagPattern.MatchString(r.Tag) {
			return Reference{}, fmt.Errorf("%.100q: %.100q is not a tag", s, r.Tag)
		}
	}
	dots := strings.Contains("/"+r.Repository+"/", "/../") || strings.Contains("/"+r.Repository+"/", "/./")
	if dots || !repositoryPattern.MatchString(r.Repository) {
		return Reference{}, fmt.Errorf("%.100q has no valid repository name", s)
	}
	if r.Tag == "" && r.Digest == "" {
		r.Tag = "latest"
	}
	return r, nil
}

func isRegistry(host string) bool {
	return strings.ContainsAny(host, ".:") || host == "localhost" || host == "localbuild"
}

// FullTag is "registry/repository:tag".
func (r Reference) FullTag() string { return r.Registry + "/" + r.Repository + ":" + r.Tag }

// FullDigest is "registry/repository@digest".
func (r Reference) FullDigest() string {
	return r.Registry + "/" + r.Repository + "@" + string(r.Digest)
}

func (r Reference) String() string {
	switch {
	case r.Digest == "":
		return r.FullTag()
	case r.Tag == "":
		return r.FullDigest()
	default:
		return r.FullTag() + "@" + string(r.Digest)
	}
}
