// Package problem writes refusals: the one place that turns an error into a status and the error body of the API.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"

	"landwaiter.dev/engine"
	"landwaiter.dev/store"
)

// Error is the error body of every route.
type Error struct {
	// Message is one sentence for people.
	Message string `json:"message"`
	// HTTPCode equals the status of the answer.
	HTTPCode int `json:"httpcode"`
	// Detail always has error_codes, a list of texts.
	Detail map[string]any `json:"detail"`
	// Code is a stable word for programs.
	Code string `json:"code"`

	cause error
}

func (e *Error) Error() string { return e.Message }

// GetStatus makes an Error what huma writes as it is.
func (e *Error) GetStatus() int { return e.HTTPCode }

// GetHeaders makes huma say when to come again.
func (e *Error) GetHeaders() http.Header {
	h := http.Header{}
	if e.HTTPCode == http.StatusServiceUnavailable && e.Code == "busy" {
		h.Set("Retry-After", "10")
	}
	return h
}

// Unwrap gives the cause, for logs; it is never sent.
func (e *Error) Unwrap() error { return e.cause }

// New makes an error body.
func New(status int, code, message string) *Error {
	return &Error{Message: message, HTTPCode: status, Code: code, Detail: map[string]any{"error_codes": []string{}}}
}

// With adds a key to the detail.
func (e *Error) With(key string, value any) *Error {
	e.Detail[key] = value
	return e
}

// statuses of the classes of refusals.
var statuses = map[engine.Class]int{
	engine.ClassInvalid:      http.StatusBadRequest,
	engine.ClassNotFound:     http.StatusNotFound,
	engine.ClassNotAnalyzed:  http.StatusNotFound,
	engine.ClassConflict:     http.StatusConflict,
	engine.ClassUnauthorised: http.StatusUnauthorized,
	engine.ClassForbidden:    http.StatusForbidden,
	engine.ClassRefused:      http.StatusNotAcceptable,
	engine.ClassUnavailable:  http.StatusServiceUnavailable,
	engine.ClassInternal:     http.StatusInternalServerError,
}

// From turns any error into an error body. Errors that nobody classified are internal and tell nothing of themselves.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	var refusal *engine.Error
	switch {
	case errors.As(err, &refusal):
		return fromEngine(refusal)
	case errors.Is(err, context.DeadlineExceeded):
		e = New(http.StatusServiceUnavailable, "timeout", "the request took too long; try again")
	case errors.Is(err, context.Canceled):
		e = New(http.StatusServiceUnavailable, "cancelled", "the request was cancelled")
	case errors.Is(err, store.ErrNotFound):
		e = New(http.StatusNotFound, "not_found", "not found")
	case errors.Is(err, store.ErrExists):
		e = New(http.StatusConflict, "exists", "already exists")
	case errors.Is(err, store.ErrConflict):
		e = New(http.StatusConflict, "conflict", "the present state does not allow this")
	default:
		e = internal()
	}
	e.cause = err
	return e
}

func internal() *Error {
	return New(http.StatusInternalServerError, "internal", "internal error; the log of the server has the cause")
}

func fromEngine(refusal *engine.Error) *Error {
	status, known := statuses[refusal.Class]
	if !known || status == http.StatusInternalServerError {
		e := internal()
		if refusal.Code != "" {
			e.Code = refusal.Code
		}
		e.cause = refusal
		return e
	}
	e := New(status, refusal.Code, refusal.Message)
	e.cause = refusal
	for k, v := range refusal.Detail {
		e.Detail[k] = v
	}
	if codes, given := e.Detail["error_codes"]; !given || codes == nil || isEmpty(codes) {
		e.Detail["error_codes"] = legacyCodes(refusal)
	}
	return e
}

func isEmpty(codes any) bool {
	list, ok := codes.([]string)
	return ok && len(list) == 0
}

// Write sends err as the answer; for use outside huma's handlers.
func Write(w http.ResponseWriter, err error) {
	e := From(err)
	body, _ := json.Marshal(e) // maps of plain values
	maps.Copy(w.Header(), e.GetHeaders())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.HTTPCode)
	_, _ = w.Write(append(body, '\n'))
}
