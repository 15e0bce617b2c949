package source

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The first bytes of compressed streams (RFC 1952, RFC 8878).
const (
	gzipMagic = "\x1f\x8b"
	zstdMagic = "\x28\xb5\x2f\xfd"
)

// compressionOf names the compression that content begins with: "gzip", "zstd" or "". A tar says what it is further in
// and wins over a file name that begins like a compressed stream.
func compressionOf(r io.ReaderAt, offset int64) string {
	var head [265]byte
	n, _ := r.ReadAt(head[:], offset)
	s := string(head[:n])
	switch {
	case len(s) >= 262 && s[257:262] == "ustar":
		return ""
	case len(s) >= 2 && s[:2] == gzipMagic:
		return "gzip"
	case len(s) >= 4 && s[:4] == zstdMagic:
		return "zstd"
	default:
		return ""
	}
}

// spool returns f itself, or, when f is compressed, its content in a temporary file that has no name any more and so
// vanishes when it is closed, whatever happens. It takes f over.
func spool(ctx context.Context, f *os.File, dir string) (*os.File, error) {
	how := compressionOf(f, 0)
	if how == "" {
		return f, nil
	}
	defer f.Close()
	var plain io.Reader
	var err error
	if how == "gzip" {
		plain, err = gzip.NewReader(f)
	} else {
		var d *zstd.Decoder
		if d, err = zstd.NewReader(f, zstd.WithDecoderMaxWindow(128<<20), zstd.WithDecoderConcurrency(1)); err == nil {
			defer d.Close()
			plain = d
		}
	}
	if err != nil {
		return nil, fail(CodeNotAnImage, "the file is no image archive: its %s stream is broken: %w", how, err)
	}
	out, err := os.CreateTemp(dir, "landwaiter-archive-*")
	if err != nil {
		return nil, fail(CodeLimit, "the compressed archive cannot be unpacked to a temporary file: %w", err)
	}
	_ = os.Remove(out.Name())
	if err := copySpool(ctx, out, plain, how); err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

func copySpool(ctx context.Context, out *os.File, plain io.Reader, how string) error {
	buf := make([]byte, 1<<20)
	for total := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := plain.Read(buf)
		if total += int64(n); total > maxSpool {
			return fail(CodeLimit, "the compressed archive unpacks to more than %d bytes: unpack it and give the plain tar", int64(maxSpool))
		}
		if _, err := out.Write(buf[:n]); err != nil {
			return fail(CodeLimit, "the compressed archive cannot be unpacked to a temporary file: %w", err)
		}
		if errors.Is(err, io.EOF) {
			_, err := out.Seek(0, io.SeekStart)
			return err
		}
		if err != nil {
			return fail(CodeNotAnImage, "the archive's %s stream is broken or cut off: %w", how, err)
		}
	}
}
