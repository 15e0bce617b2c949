package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"landwaiter.dev/image"
)

// Code is a stable word for why an image could not be had.
type Code = string

// The codes of [Error].
const (
	CodeNotFound         Code = "image_not_found" // no such file, repository, tag or digest
	CodeUnauthorised     Code = "unauthorised"    // the registry wants other credentials
	CodeUnreachable      Code = "unreachable"     // the registry did not answer as a registry does
	CodeNotAnImage       Code = "not_an_image"    // something else, broken or incomplete
	CodeUnsupported      Code = "unsupported"
	CodeDigestMismatch   Code = "digest_mismatch" // content is not what its digest or size promises
	CodeLimit            Code = "limit"
	CodeInvalidReference Code = "invalid_reference"
	CodeTagRequired      Code = "tag_required" // several images, none chosen
	CodeNoSuchPlatform   Code = "no_such_platform"
)

// Error is how everything in this package fails: one sentence for people, a code for programs. It unwraps to its cause.
type Error struct {
	Code Code
	// Temporary says that the same call may succeed later.
	Temporary bool
	Message   string
	Cause     error
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Cause }

func fail(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Cause: errors.Unwrap(err)}
}

// bad turns an error of image's parsers into one of ours.
func bad(what string, err error) error {
	code := CodeNotAnImage
	var p *image.ParseError
	if errors.As(err, &p) {
		switch p.Reason {
		case image.TooBig:
			code = CodeLimit
		case image.Unsupported:
			code = CodeUnsupported
		}
	}
	return fail(code, "%s: %w", what, err)
}

// about puts the image's name before an error's sentence, once, at the border of the package.
func about(name string, err error) error {
	var e *Error
	if errors.As(err, &e) {
		return &Error{Code: e.Code, Temporary: e.Temporary, Message: fmt.Sprintf("%.200q: %s", name, e.Message), Cause: e}
	}
	return fmt.Errorf("%.200q: %w", name, err)
}

// Unanswered says that the registry failed to answer, and may answer the same later: it was not reached or not in time, is out
// of order, or wants fewer questions.
func Unanswered(err error) bool {
	var e *Error
	var broken net.Error
	return errors.As(err, &e) && e.Temporary || errors.As(err, &broken) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded)
}
