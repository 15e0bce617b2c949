package source

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"landwaiter.dev/image"
)

// RegistryOptions say how registries are contacted. The zero value is anonymous, over TLS, plain HTTP on loopback alone.
type RegistryOptions struct {
	// Keychain has the credentials; nil is anonymous. Docker Hub asks it for "index.docker.io".
	Keychain authn.Keychain
	// PlainHTTP lets a registry that does not speak TLS be contacted.
	PlainHTTP bool
	// SkipVerify accepts any certificate.
	SkipVerify bool
	// CAFile holds further certificate authorities (PEM).
	CAFile string
	// Transport replaces the default, for example by one that refuses private addresses. SkipVerify and CAFile then work
	// only when it is an *http.Transport, which is cloned.
	Transport http.RoundTripper
}

// The manifests that are asked for; the last two only to say what they are.
const acceptManifests = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, " +
	"application/vnd.docker.distribution.manifest.list.v2+json, " + dockerManifestType + ", " +
	"application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1, application/vnd.docker.distribution.manifest.v1+json;q=0.1"

// openRegistry opens the image that a reference names: its digest, or what its tag names now.
func openRegistry(ctx context.Context, r image.Reference, o Options) (*Image, error) {
	c, err := connect(ctx, r.Registry, r.Repository, o.Registry)
	if err != nil {
		return nil, err
	}
	i, err := loadRemote(ctx, c, r, o)
	if err != nil {
		c.Close()
		return nil, err
	}
	i.Reference, i.Remote = r, true
	return i, nil
}

func loadRemote(ctx context.Context, c *connection, r image.Reference, o Options) (*Image, error) {
	raw, mediaType, err := c.getManifest(ctx, identifier(r))
	if err != nil {
		return nil, err
	}
	if got := image.DigestOf(raw); r.Digest != "" && got != r.Digest {
		return nil, fail(CodeDigestMismatch, "the registry's answer for %s has the digest %s", r.Digest, got)
	}
	return load(ctx, c, document{raw, mediaType}, o)
}

// identifier is what the protocol asks for: the digest when there is one, else the tag.
func identifier(r image.Reference) string {
	if r.Digest != "" {
		return string(r.Digest)
	}
	return r.Tag
}

// Resolve asks which digest a reference names now: a HEAD request, and a GET where the registry's HEAD does not say. It is
// the digest of the index when the tag names one, so that it equals [Image.Parent] or the manifest's digest.
func Resolve(ctx context.Context, r image.Reference, o RegistryOptions) (image.Digest, error) {
	d, err := resolve(ctx, r, o)
	if err != nil {
		return "", about(r.String(), err)
	}
	return d, nil
}

func resolve(ctx context.Context, r image.Reference, o RegistryOptions) (image.Digest, error) {
	c, err := connect(ctx, r.Registry, r.Repository, o)
	if err != nil {
		return "", err
	}
	defer c.Close()
	resp, err := c.do(ctx, http.MethodHead, c.path("manifests", identifier(r)), http.Header{"Accept": {acceptManifests}})
	if err != nil {
		return "", err
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		if d, err := image.ParseDigest(resp.Header.Get("Docker-Content-Digest")); err == nil {
			if r.Digest != "" && d != r.Digest {
				return "", fail(CodeDigestMismatch, "the registry's answer for %s names the digest %s", r.Digest, d)
			}
			return d, nil
		}
	} else if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusTooManyRequests {
		return "", refused(resp, nil, c.host)
	}
	raw, _, err := c.getManifest(ctx, identifier(r))
	if err != nil {
		return "", err
	}
	d := image.DigestOf(raw)
	if r.Digest != "" && d != r.Digest {
		return "", fail(CodeDigestMismatch, "the registry's answer for %s has the digest %s", r.Digest, d)
	}
	return d, nil
}

// HasBlob asks whether the repository of r holds the blob and answers these credentials for it. A refusal is an error,
// never a yes or no.
func HasBlob(ctx context.Context, r image.Reference, d image.Digest, o RegistryOptions) (bool, error) {
	has, err := hasBlob(ctx, r, d, o)
	if err != nil {
		return false, about(r.String(), err)
	}
	return has, nil
}

func hasBlob(ctx context.Context, r image.Reference, d image.Digest, o RegistryOptions) (bool, error) {
	c, err := connect(ctx, r.Registry, r.Repository, o)
	if err != nil {
		return false, err
	}
	defer c.Close()
	resp, err := c.do(ctx, http.MethodHead, c.path("blobs", string(d)), nil)
	if err != nil {
		return false, err
	}
	resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return true, nil
	case http.StatusNotFound:
		return false, nil
	default:
		return false, refused(resp, nil, c.host)
	}
}

// Ping checks that the registry ("host[:port]", or with a repository after a slash) answers and takes the credentials.
func Ping(ctx context.Context, registry string, o RegistryOptions) error {
	host, repository, _ := strings.Cut(registry, "/")
	repository = strings.TrimRight(repository, "/*")
	c, err := connect(ctx, host, repository, o)
	if err != nil {
		return about(registry, err)
	}
	defer c.Close()
	resp, err := c.do(ctx, http.MethodGet, "/v2/", nil)
	if err != nil {
		return about(registry, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return about(registry, refused(resp, resp.Body, c.host))
	}
	return nil
}

// getManifest reads a manifest by tag or digest, bounded, unverified.
func (c *connection) getManifest(ctx context.Context, identifier string) ([]byte, string, error) {
	ctx, cancel := context.WithTimeout(ctx, documentWithin)
	defer cancel()
	resp, err := c.do(ctx, http.MethodGet, c.path("manifests", identifier), http.Header{"Accept": {acceptManifests}})
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, "", refused(resp, resp.Body, c.host)
	}
	raw, err := readAll(resp.Body, image.MaxManifestSize, "manifest")
	if err != nil {
		return nil, "", err
	}
	return raw, resp.Header.Get("Content-Type"), nil
}

func (c *connection) manifest(ctx context.Context, d image.Descriptor) ([]byte, string, error) {
	return c.getManifest(ctx, string(d.Digest))
}

func (c *connection) blob(ctx context.Context, d image.Descriptor) (io.ReadCloser, error) {
	return c.download(ctx, d)
}

var _ driver = (*connection)(nil)
