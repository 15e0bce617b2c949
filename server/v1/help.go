package v1

import (
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/report"
	"landwaiter.dev/server/problem"
)

func invalid(format string, args ...any) *problem.Error {
	message := fmt.Sprintf(format, args...)
	return problem.New(http.StatusBadRequest, "invalid_request", message).With("validation_error", message)
}

func required(key string) *problem.Error { return invalid("%s", problem.Required(key)) }

func notFound(code, message string) *problem.Error {
	return problem.New(http.StatusNotFound, code, message)
}

func kindWord(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	default:
		return "number"
	}
}

func schemaOf[T any](r *routes) *huma.Schema {
	return huma.SchemaFromType(r.api.OpenAPI().Components.Schemas, reflect.TypeFor[T]())
}

// digestOf reads the digest of a path. What is no sha256 digest names nothing here.
func digestOf(s string) (image.Digest, error) {
	d, err := image.ParseDigest(s)
	if err != nil {
		return "", notFound("image_not_found", fmt.Sprintf("image not found in DB: %.100q is not a digest (sha256: and 64 hexadecimal digits)", s))
	}
	return d, nil
}

// clock is a time as /v1 writes it: UTC, "Z", no fraction; null when never set.
type clock time.Time

// MarshalJSON writes the second or null.
func (c clock) MarshalJSON() ([]byte, error) {
	return report.Second(c).MarshalJSON()
}

// Schema describes it.
func (clock) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

// raw is a JSON document passed on as it is.
type raw []byte

// MarshalJSON writes the document, or {} when there is none.
func (d raw) MarshalJSON() ([]byte, error) {
	return report.Raw(d).MarshalJSON()
}

// Schema describes it.
func (raw) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// Moment is the part of an input that asks for a point in time.
type Moment struct {
	AsOf          string `query:"as_of" doc:"Answer what was known here at this time (RFC 3339); default now"`
	Retrospective bool   `query:"retrospective" doc:"With as_of: what the data of that time would have said about an image that was not known here then"`
}

func (m Moment) read() (engine.Moment, error) {
	if m.AsOf == "" {
		if m.Retrospective {
			return engine.Moment{}, invalid("retrospective needs as_of")
		}
		return engine.Moment{}, nil
	}
	at, err := timeOf("as_of", m.AsOf)
	return engine.Moment{At: at, Retrospective: m.Retrospective}, err
}

// timeOf reads the time of a parameter. The zero time is refused: it stands for a time that is not given.
func timeOf(name, text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.IsZero() {
		return time.Time{}, invalid("%s: want a time like 2024-05-01T12:00:00Z (RFC 3339), not %.60q", name, text)
	}
	return at.UTC(), nil
}

// asked says the moment in an answer; absent when now was asked for.
func asked(m engine.Moment, answered time.Time) *clock {
	if m.At.IsZero() {
		return nil
	}
	if answered.IsZero() {
		answered = m.At
	}
	c := clock(answered)
	return &c
}
