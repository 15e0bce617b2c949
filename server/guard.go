package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"landwaiter.dev/server/problem"
	v1 "landwaiter.dev/server/v1"
)

// readBody reads the whole body before any handler runs, within limits of size and time, and refuses what is not JSON.
// A GET of images with a JSON body {"tag"} is how clients that know no description ask for a tag: it becomes the query.
func readBody(next http.Handler, fail func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if isUpload(r) {
			_ = control.SetReadDeadline(time.Now().Add(uploadTime))
			next.ServeHTTP(w, r)
			_ = control.SetReadDeadline(time.Time{})
			return
		}
		_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // not every writer can; then the size limit alone holds
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
		_ = control.SetReadDeadline(time.Time{})
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			fail(w, r, problem.New(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("request body is larger than %d bytes", MaxBody)))
			return
		case err != nil:
			fail(w, r, problem.New(http.StatusBadRequest, "body_not_read", "the request body did not arrive completely"))
			return
		case len(body) > 0 && r.Method == http.MethodPost && r.URL.Path == "/v1/policies" && v1.IsYAML(r.Header.Get("Content-Type")):
		case len(body) > 0 && !isJSON(r.Header.Get("Content-Type")):
			fail(w, r, problem.New(http.StatusUnsupportedMediaType, "unsupported_media_type", "send the body as application/json"))
			return
		}
		if r.Method == http.MethodGet {
			tagFromBody(r, body)
			body = nil
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		next.ServeHTTP(w, r)
	})
}

// isUpload says whether the body is a document of an import, or advisory data: its route reads it, within limits of its own.
func isUpload(r *http.Request) bool {
	if r.Method == http.MethodPost && r.URL.Path == "/v1/system/feeds/archive" {
		return true
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/v1/imports/images/")
	return ok && r.Method == http.MethodPost && strings.Contains(rest, "/")
}

func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && (t == "application/json" || t == "text/json")
}

func tagFromBody(r *http.Request, body []byte) {
	var asked struct {
		Tag string `json:"tag"`
	}
	if r.URL.Path != "/v1/images" || json.Unmarshal(body, &asked) != nil || asked.Tag == "" || r.URL.Query().Has("fulltag") {
		return
	}
	if r.URL.RawQuery != "" {
		r.URL.RawQuery += "&"
	}
	r.URL.RawQuery += "fulltag=" + url.QueryEscape(asked.Tag)
}

// textOnly refuses addresses with bytes that are no text: no name here has any, and not every database takes them.
func textOnly(next http.Handler, fail func(http.ResponseWriter, *http.Request, error)) http.Handler {
	isText := func(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := url.QueryUnescape(r.URL.RawQuery)
		if err == nil && !isText(query) || !isText(r.URL.Path) {
			fail(w, r, problem.New(http.StatusBadRequest, "invalid_request", "the address must be text: UTF-8, without NUL"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// recoverPanics turns a panic of a handler into a refusal; the process lives on.
func recoverPanics(next http.Handler, fail func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch cause := recover(); cause {
			case nil:
			case http.ErrAbortHandler:
				panic(cause)
			default:
				fail(w, r, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// record collects what the log says of a request.
type record struct {
	id    string
	cause error
}

type recordKey struct{}

// failed notes why a request was refused, for the log.
func failed(ctx context.Context, err error) {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		rec.cause = err
	}
}

// logRequests writes one record for each request: never a body, a query or a credential.
func logRequests(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := make([]byte, 8)
		_, _ = rand.Read(id) // never fails
		rec := &record{id: hex.EncodeToString(id)}
		start := time.Now()
		out := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		out.Header().Set("X-Request-Id", rec.id)
		next.ServeHTTP(out, r.WithContext(context.WithValue(r.Context(), recordKey{}, rec)))
		attrs := []slog.Attr{
			slog.String("request", rec.id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.Int("status", out.status), slog.Duration("took", time.Since(start)), slog.String("remote", r.RemoteAddr),
		}
		level := slog.LevelDebug
		if out.status >= 500 {
			level = slog.LevelError
			if cause := problem.From(rec.causeOrNil()).Unwrap(); cause != nil {
				attrs = append(attrs, slog.String("cause", cause.Error()))
			}
		}
		log.LogAttrs(r.Context(), level, "request done", attrs...)
	})
}

func (r *record) causeOrNil() error {
	if r.cause == nil {
		return errors.New("unknown")
	}
	return r.cause
}

type statusWriter struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (w *statusWriter) WriteHeader(status int) {
	if !w.wrote {
		w.status, w.wrote = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
