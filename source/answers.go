package source

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// retryStatus are answers that are worth the same request again, at once and later.
var retryStatus = []int{
	http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
	http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// worthRetry says whether a failure may be gone at the next try.
func worthRetry(err error) bool {
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return true
	case errors.As(err, &timeout) && timeout.Timeout():
		return true
	}
	var answer *transport.Error
	return errors.As(err, &answer) && answer.Temporary()
}

// refused turns a registry's answer other than success into an error. body may be nil.
func refused(resp *http.Response, body io.Reader, host string) error {
	said := ""
	if body != nil {
		raw, _ := io.ReadAll(io.LimitReader(body, maxErrorBody))
		said = diagnosis(raw)
	}
	return answered(resp.StatusCode, said, host)
}

// diagnosis is what an error body of the distribution protocol says, for people.
func diagnosis(raw []byte) string {
	var e struct {
		Errors []struct{ Code, Message string }
	}
	if json.Unmarshal(raw, &e) != nil || len(e.Errors) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%.60q: %.200q)", e.Errors[0].Code, e.Errors[0].Message)
}

// answered is the table of what a status means.
func answered(status int, said, host string) *Error {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fail(CodeUnauthorised, "the registry %.100q refused access%s: give credentials that may pull, and check the name, "+
			"since some registries answer like this for what does not exist", host, said)
	case status == http.StatusNotFound:
		return fail(CodeNotFound, "the registry %.100q has no such image%s: check repository and tag", host, said)
	case status == http.StatusBadRequest && strings.Contains(said, "_INVALID"):
		return fail(CodeInvalidReference, "the registry %.100q does not accept the name%s", host, said)
	default:
		e := fail(CodeUnreachable, "the registry %.100q answered with status %d%s", host, status, said)
		e.Temporary = status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
		return e
	}
}

// unreachable turns a failed exchange into an error. Errors that the library made of answers count as answers.
func unreachable(ctx context.Context, host string, err error) error {
	var ours *Error
	var answer *transport.Error
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	switch {
	case errors.As(err, &ours):
		return ours
	case ctx.Err() != nil:
		e := fail(CodeUnreachable, "the registry %.100q did not answer in time: %w", host, ctx.Err())
		e.Temporary = errors.Is(ctx.Err(), context.DeadlineExceeded)
		return e
	case errors.As(err, &certificate):
		return fail(CodeUnreachable, "the certificate of the registry %.100q is not trusted: %w; name its authority's certificate, or ask to skip the check", host, certificate)
	case errors.As(err, &answer):
		said := ""
		if len(answer.Errors) > 0 {
			said = fmt.Sprintf(" (%.60q: %.200q)", answer.Errors[0].Code, answer.Errors[0].Message)
		}
		return answered(answer.StatusCode, said, host)
	case errors.As(err, &record), errors.Is(err, errPlain), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fail(CodeUnreachable, "the registry %.100q does not speak TLS: ask for plain HTTP if that is meant (%w)", host, err)
	case errors.As(err, &dns) && dns.IsNotFound:
		return fail(CodeUnreachable, "there is no registry %.100q: its name does not resolve (%w)", host, dns)
	}
	e := fail(CodeUnreachable, "the registry %.100q cannot be reached: %w", host, plainCause(err))
	e.Temporary = true
	return e
}

// plainCause drops the wrapping that repeats method and URL; query strings may hold secrets.
func plainCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op
	}
	var inner interface{ Unwrap() error }
	if errors.As(err, &inner) && inner.Unwrap() != nil && strings.Contains(err.Error(), "://") {
		return plainCause(inner.Unwrap())
	}
	return err
}
