package analysis

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/gunzip"
	"landwaiter.dev/internal/limit"
)

// Compression of a layer, as its first bytes say.
type Compression string

// The compressions that layers come in.
const (
	Plain Compression = "none"
	Gzip  Compression = "gzip"
	Zstd  Compression = "zstd"
)

// blob is a layer as stored: counted and hashed while it is read.
type blob struct {
	r    *bufio.Reader
	hash hash.Hash
	n    int64
	tick func(int64)
	// err is what the source failed with, which no reader above may turn into a fault of the layer.
	err error
}

const blobBuffer = 256 * kib

func newBlob(r io.Reader, want image.Descriptor, lim *Limits, tick func(int64)) (*blob, error) {
	switch {
	case want.Size < 0:
		return nil, &Error{Code: CodeDigestMismatch, Reason: "the manifest gives it a negative size"}
	case want.Size > lim.LayerStored:
		return nil, &Error{Code: CodeLimit, Reason: "the manifest gives it more bytes than LANDWAITER_LIMITS_LAYER_STORED allows"}
	}
	b := &blob{hash: sha256.New(), tick: tick}
	tooLong := &Error{Code: CodeDigestMismatch, Reason: "the blob is longer than the manifest says"}
	b.r = bufio.NewReaderSize(hashing{limit.NewReader(r, want.Size, tooLong), b}, blobBuffer)
	return b, nil
}

type hashing struct {
	r io.Reader
	b *blob
}

func (h hashing) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.b.hash.Write(p[:n])
	h.b.n += int64(n)
	if h.b.tick != nil {
		h.b.tick(int64(n))
	}
	if err != nil && err != io.EOF {
		h.b.err = err
	}
	return n, err
}

// explain says why reading the layer failed with err: because of the source, because the blob is not the one that the
// manifest names, or else because of err itself.
func (b *blob) explain(err error, want image.Descriptor) error {
	if b.err != nil {
		return b.err
	}
	var known *Error
	if errors.As(err, &known) && known.Code != CodeLimit {
		if mismatch := b.finish(want); mismatch != nil {
			return mismatch
		}
	}
	return err
}

// finish reads what is left and compares size and digest.
func (b *blob) finish(want image.Descriptor) error {
	if _, err := io.Copy(io.Discard, b.r); err != nil {
		return err
	}
	if b.n != want.Size {
		return &Error{Code: CodeDigestMismatch, Reason: "the blob is shorter than the manifest says"}
	}
	if got := image.DigestOfSum(b.hash.Sum(nil)); got != want.Digest {
		return &Error{Code: CodeDigestMismatch, Reason: "the blob does not have the digest that the manifest says"}
	}
	return nil
}

// sniff tells the compression by the first bytes, which are left unread.
func sniff(r *bufio.Reader) (Compression, error) {
	m, err := r.Peek(6)
	if len(m) == 0 {
		if err != nil && err != io.EOF {
			return "", err
		}
		return "", &Error{Code: CodeCorrupt, Reason: "the blob is empty, which is no layer"}
	}
	has := func(magic string) bool { return len(m) >= len(magic) && string(m[:len(magic)]) == magic }
	switch {
	case has("\x1f\x8b"):
		return Gzip, nil
	case has("\x28\xb5\x2f\xfd"), len(m) >= 4 && m[0]&0xf0 == 0x50 && has(string(m[0])+"\x2a\x4d\x18"):
		return Zstd, nil
	case has("BZh"):
		return "", &Error{Code: CodeUnsupported, Reason: "it is compressed with bzip2, which no image specification allows"}
	case has("\xfd7zXZ\x00"):
		return "", &Error{Code: CodeUnsupported, Reason: "it is compressed with xz, which no image specification allows"}
	}
	return Plain, nil
}

// declared is the compression that a media type names; "" when it names none that we know.
func declared(mediaType string) Compression {
	switch mediaType {
	case "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.foreign.diff.tar":
		return Plain
	case "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
		"application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":
		return Gzip
	case "application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
		"application/vnd.docker.image.rootfs.diff.tar.zstd":
		return Zstd
	}
	return ""
}

// decompressor is a stream of uncompressed bytes. trailing is set at its end, when bytes that belong to no member
// followed.
type decompressor struct {
	io.Reader
	close    func()
	trailing bool
}

func decompress(r *bufio.Reader, c Compression, lim *Limits) (*decompressor, error) {
	switch c {
	case Gzip:
		z, err := gunzip.NewReader(r)
		if err != nil {
			return nil, damaged(err, "it begins like gzip and is none")
		}
		d := &decompressor{close: func() {}}
		d.Reader = &members{z: z, r: r, d: d}
		return d, nil
	case Zstd:
		// One goroutine only: layers, and stages of a layer, are what runs in parallel.
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(uint64(lim.ZstdWindow)), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, damaged(err, "it begins like zstd and is none")
		}
		return &decompressor{Reader: z, close: z.Close}, nil
	}
	return &decompressor{Reader: r, close: func() {}}, nil
}

// members reads gzip member after member. What follows the last one and is no member is left to the blob's digest:
// container engines ignore it as well.
type members struct {
	z    *gunzip.Reader
	r    *bufio.Reader
	d    *decompressor
	done bool
}

func (m *members) Read(p []byte) (int, error) {
	for !m.done {
		n, err := m.z.Read(p)
		if err != io.EOF || n > 0 {
			if err == io.EOF {
				err = nil
			}
			return n, err
		}
		magic, err := m.r.Peek(2)
		switch {
		case len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b:
			if err := m.z.Reset(m.r); err != nil {
				return 0, err
			}
			continue
		case err != nil && err != io.EOF:
			return 0, err
		}
		m.d.trailing = len(magic) > 0
		m.done = true
	}
	return 0, io.EOF
}

// damaged turns an error of a decompressor or of the tar reader into one of ours; errors of the source stay.
func damaged(err error, what string) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return coded(CodeTruncated, nil, "it ends in the middle: the layer is truncated")
	}
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return coded(CodeLimit, nil, "a zstd frame asks for a larger window than LANDWAITER_LIMITS_ZSTD_WINDOW allows")
	}
	return coded(CodeCorrupt, err, "%s", what)
}
