package engine

import "fmt"

// Class says what kind of refusal an error is; the server maps it to a status, the CLI to an exit code.
type Class string

// The classes of errors.
const (
	ClassInvalid      Class = "invalid"      // the request makes no sense as it stands
	ClassNotFound     Class = "not_found"    // nothing of that name in this account
	ClassNotAnalyzed  Class = "not_analyzed" // the image is known and has no analysis yet
	ClassConflict     Class = "conflict"     // the present state forbids it
	ClassUnauthorised Class = "unauthorised" // credentials missing or wrong
	ClassForbidden    Class = "forbidden"    // known, but not permitted
	ClassRefused      Class = "refused"      // a registry did not take the credentials
	ClassUnavailable  Class = "unavailable"  // try again later
	ClassInternal     Class = "internal"     // our fault
)

// Error is a refusal with a stable code and a sentence for people.
type Error struct {
	Class   Class
	Code    string // stable, lower case with underscores: image_not_found, not_known_then, …
	Message string
	// Detail is added to the error body's detail object.
	Detail map[string]any
	Err    error
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error; a %w in the format is kept for errors.Is.
func Errorf(class Class, code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Class: class, Code: code, Message: err.Error(), Err: err}
}

// With adds a key to the detail.
func (e *Error) With(key string, value any) *Error {
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	e.Detail[key] = value
	return e
}
