package analysis

import (
	"errors"
	"fmt"

	"landwaiter.dev/image"
)

// The codes of [Error].
const (
	CodeDigestMismatch = "digest_mismatch"  // the blob is not what the manifest says, in digest or size
	CodeDiffIDMismatch = "diff_id_mismatch" // the uncompressed layer is not what the config says
	CodeTruncated      = "truncated"        // the stream ends in the middle of something
	CodeCorrupt        = "corrupt"          // the stream is no tar, or damaged
	CodeLimit          = "limit"            // a limit of a whole layer or image was hit
	CodeNotAnImage     = "not_an_image"     // manifest and config do not make an image
	CodeUnsupported    = "unsupported"      // a compression that we do not read
)

// Error is why an image could not be analysed. Trying again gives the same; errors of the source (a broken connection)
// are passed on as they are and never wrapped into one.
type Error struct {
	Code string
	// Layer is the digest of the layer concerned; "" when it is the image.
	Layer image.Digest
	// Reason is one sentence without a full stop.
	Reason string
	Err    error
}

func (e *Error) Error() string {
	s := e.Reason
	if e.Layer != "" {
		s = fmt.Sprintf("layer %s: %s", e.Layer.Short(), s)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// coded makes err an [Error] of the given code, unless it already is one.
func coded(code string, err error, format string, args ...any) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return &Error{Code: code, Reason: fmt.Sprintf(format, args...), Err: err}
}

// ofLayer names the layer in errors of ours.
func ofLayer(err error, d image.Digest) error {
	var known *Error
	if errors.As(err, &known) {
		named := *known
		named.Layer = d
		return &named
	}
	return fmt.Errorf("layer %s: %w", d.Short(), err)
}
