package source

import (
	"context"
	"io"
	"os"

	"landwaiter.dev/image"
	"landwaiter.dev/sbom"
)

// isSBOM says whether a file begins as an SBOM does. A file that cannot be read is none here: who opens it says why.
func isSBOM(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, sbom.HeadSize)
	n, err := io.ReadFull(f, head)
	return (err == nil || err == io.ErrUnexpectedEOF) && sbom.Recognise(head[:n])
}

// openSBOM reads an SBOM. The image has no layers; what the document says is in [Image.SBOM].
func openSBOM(path string) (*Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, noSuchPath(path, err)
	}
	defer f.Close()
	d, err := sbom.Decode(f, "")
	if err != nil {
		return nil, fail(CodeNotAnImage, "%w", err)
	}
	return &Image{SBOM: d, driver: noContent{}}, nil
}

// noContent is the driver of a source without manifests and blobs.
type noContent struct{}

func (noContent) manifest(context.Context, image.Descriptor) ([]byte, string, error) {
	return nil, "", errNoContent
}

func (noContent) blob(context.Context, image.Descriptor) (io.ReadCloser, error) {
	return nil, errNoContent
}

func (noContent) Close() error { return nil }

var errNoContent = fail(CodeUnsupported, "the source is an SBOM: it holds no layers")

var _ driver = noContent{}
