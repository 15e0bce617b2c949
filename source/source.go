// Package source opens images where they lie: in a registry, in an archive, in a layout on disk. It yields the manifest
// and config of one platform, verified, and the stored bytes of the layers; it unpacks nothing and never writes to disk
// but for the bounded spool of a compressed archive.
//
// [Open] takes every form of name. One driver a file knows how content lies; what is derived from it (which platform,
// whether digests fit) is derived once, in load.go. All errors are *[Error].
//
// An archive's paths are keys into an index of its entries and never places on this machine. Layers are fetched by digest
// from the place that holds the manifest; URLs in a manifest are ignored.
package source

import (
	"context"
	"io"

	"landwaiter.dev/image"
	"landwaiter.dev/sbom"
)

// Image is one platform's image, opened where it lies.
type Image struct {
	// Name as the user wrote it.
	Name string
	// Reference by which registries know it; zero when the source has no such name.
	Reference image.Reference
	// Parent is the index that the name stands for, when it was one, and ParentRaw its bytes.
	Parent    image.Digest
	ParentRaw []byte
	// Manifest and Config are verified against the digests that name them. The manifest has as many layers as the
	// config has diff IDs.
	Manifest image.Manifest
	Config   image.Config
	// Gaps are what had to be decided for the user, such as another platform than the default.
	Gaps []image.Gap
	// Remote says that reading blobs costs network.
	Remote bool
	// SBOM is set where the source is a document about an image and not the image: then there are neither manifest nor
	// config nor blobs, and the document's analysis is all that there is.
	SBOM *sbom.Document

	driver driver
}

// OpenBlob opens the stored bytes of a layer or config of this image. They are not verified: who reads them compares
// digest and size. The caller closes the reader; several may be open at once.
func (i *Image) OpenBlob(ctx context.Context, d image.Descriptor) (io.ReadCloser, error) {
	r, err := i.driver.blob(ctx, d)
	if err != nil {
		return nil, about(i.Name, err)
	}
	return r, nil
}

// Close frees what the image holds open. Readers of its blobs must not be used afterwards.
func (i *Image) Close() error { return i.driver.Close() }

// Options of [Open]. The zero value is right for local images and public registries.
type Options struct {
	// Platform asked for; nil takes linux/amd64 and, failing that, the first image there is, said in [Image.Gaps].
	Platform *image.Platform
	Registry RegistryOptions
	// TempDir is where a compressed archive is spooled; "" is the system's place.
	TempDir string
}

// Open opens the image that name stands for:
//
//	[registry/]repository[:tag][@digest]
//	docker-archive:FILE[:TAG]   oci-archive:FILE[:TAG]   oci-dir:DIR[:TAG]   dir:DIR
//	sbom:FILE                   an SBOM of any form that package sbom reads
//	FILE or DIR                 recognised by its content
//
// The caller closes the image. ctx bounds Open alone; each blob has its own.
func Open(ctx context.Context, name string, o Options) (*Image, error) {
	i, err := open(ctx, name, o)
	if err != nil {
		return nil, about(name, err)
	}
	i.Name = name
	return i, nil
}

// OpenReference opens an image at its registry. Unlike [Open] it never looks at the disk, whatever the reference looks
// like: it is for names that come from others.
func OpenReference(ctx context.Context, ref image.Reference, o Options) (*Image, error) {
	i, err := openRegistry(ctx, ref, o)
	if err != nil {
		return nil, about(ref.String(), err)
	}
	i.Name = ref.String()
	return i, nil
}

func open(ctx context.Context, name string, o Options) (*Image, error) {
	n, err := parseName(name)
	if err != nil {
		return nil, err
	}
	switch n.form {
	case formRegistry:
		return openRegistry(ctx, n.reference, o)
	case formDockerArchive, formOCIArchive, formAnyArchive:
		return openArchive(ctx, n, o)
	case formSBOM:
		return openSBOM(n.path)
	case formLayout:
		return openLayout(ctx, n.path, n.tag, o)
	default:
		return openSkopeoDir(ctx, n.path, o)
	}
}

// driver is one way in which images lie. Its methods may be called at the same time.
type driver interface {
	// manifest reads the manifest or index that d names, bounded, unverified, with the media type by which it came.
	manifest(ctx context.Context, d image.Descriptor) (raw []byte, mediaType string, err error)
	// blob opens the stored bytes that d names. Drivers that know the stored size refuse one that is not d's.
	blob(ctx context.Context, d image.Descriptor) (io.ReadCloser, error)
	io.Closer
}
