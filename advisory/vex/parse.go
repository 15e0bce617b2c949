package vex

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// formats lists the forms: how the outermost object is recognised, and who reads it.
var formats = []struct {
	name string
	is   func(*outermost) bool
	read func(raw []byte, r *reader) error
}{
	{"openvex", func(o *outermost) bool { return strings.Contains(string(o.Context), "openvex.dev/ns") }, readOpenVEX},
	{"csaf", func(o *outermost) bool { return o.Document.Version != nil }, readCSAF},
	{"cyclonedx", func(o *outermost) bool {
		return string(o.BOMFormat) == `"CycloneDX"` || strings.Contains(string(o.Schema), "cyclonedx.org")
	}, readCycloneDX},
}

// outermost are the fields by which forms are told apart.
type outermost struct {
	Context   json.RawMessage `json:"@context"`
	BOMFormat json.RawMessage `json:"bomFormat"`
	Schema    json.RawMessage `json:"$schema"`
	Document  struct {
		Version json.RawMessage `json:"csaf_version"`
	} `json:"document"`
}

// Formats lists the names of the forms.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// Parse reads a document of any form. What cannot be used of it is in its problems; an error means that nothing can.
func Parse(raw []byte) (*Document, error) {
	if len(raw) > MaxSize {
		return nil, ErrTooBig
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if isXML(raw) {
		return parseXML(raw)
	}
	if text := bytes.TrimSpace(raw); len(text) == 0 || text[0] != '{' {
		return nil, ErrNotRecognised
	}
	if err := shape(raw); err != nil {
		return nil, fmt.Errorf("the VEX document is refused: %w", err)
	}
	var o outermost
	if err := json.Unmarshal(raw, &o); err != nil {
		if _, wrongKind := err.(*json.UnmarshalTypeError); !wrongKind {
			return nil, fmt.Errorf("the VEX document is no JSON: %w", err)
		}
	}
	for _, f := range formats {
		if !f.is(&o) {
			continue
		}
		return readAs(f.name, f.read, raw)
	}
	return nil, ErrNotRecognised
}

// parseXML reads a document of the one form that is XML too.
func parseXML(raw []byte) (*Document, error) {
	switch err := shapeXML(raw); {
	case errors.Is(err, ErrNotRecognised):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("the VEX document is refused: %w", err)
	}
	return readAs("cyclonedx", readCycloneDXXML, raw)
}

func readAs(name string, read func([]byte, *reader) error, raw []byte) (*Document, error) {
	r := &reader{doc: &Document{Format: name, Statements: []Statement{}}}
	if err := read(raw, r); err != nil {
		return nil, fmt.Errorf("the VEX document cannot be read as %s: %w", name, err)
	}
	return r.finish()
}

// reader collects what a document says.
type reader struct {
	doc      *Document
	names    int
	problems int
}

// head notes what the document says of itself.
func (r *reader) head(id, author string, at time.Time) {
	r.doc.ID, r.doc.Author, r.doc.At = short(line(id)), short(line(author)), at
}

// short bounds what is shown of a document in many places.
func short(s string) string {
	if len(s) <= maxID {
		return s
	}
	return strings.ToValidUTF8(s[:maxID-len("…")], "") + "…"
}

// problem notes something that could not be used.
func (r *reader) problem(format string, args ...any) {
	if r.problems++; r.problems <= maxProblems {
		r.doc.Problems = append(r.doc.Problems, line(fmt.Sprintf(format, args...)))
	}
}

// add takes a statement in, unless something is wrong with it; where says which it is.
func (r *reader) add(where string, s Statement) error {
	s.IDs = slices.DeleteFunc(s.IDs, func(id string) bool { return id == "" })
	long := func(id string) bool { return len(id) > maxID }
	switch {
	case len(s.IDs) == 0:
		r.problem("%s names no vulnerability", where)
		return nil
	case slices.ContainsFunc(s.IDs, long) || len(s.Justification) > maxID:
		r.problem("%s has an id or a justification of more than %d bytes", where, maxID)
		return nil
	case len(s.Impact) > maxText || len(s.Action) > maxText:
		r.problem("%s has a text of more than %d KiB", where, maxText>>10)
		return nil
	}
	switch s.Status {
	case NotAffected, Affected, Fixed, UnderInvestigation:
	default:
		r.problem("%s has the status %.60q, which is none", where, s.Status)
		return nil
	}
	r.names += len(s.Products) + len(s.IDs)
	for i := range s.Products {
		p := &s.Products[i]
		r.names += len(p.Subcomponents) + len(p.PURLs) + len(p.Names) + len(p.Digests)
		for j := range p.Subcomponents {
			sub := &p.Subcomponents[j]
			r.names += len(sub.PURLs) + len(sub.Names)
			if sub.within != nil {
				r.names += sub.within.weight()
			}
		}
		if p.within != nil {
			r.names += p.within.weight()
		}
	}
	if len(r.doc.Statements) >= maxStatements || r.names > maxNames {
		return errTooMany
	}
	s.IDs = slices.Compact(s.IDs)
	r.doc.Statements = append(r.doc.Statements, s)
	return nil
}

func (r *reader) finish() (*Document, error) {
	if r.problems > maxProblems {
		r.doc.Problems = append(r.doc.Problems, fmt.Sprintf("and %d more", r.problems-maxProblems))
	}
	switch {
	case len(r.doc.Statements) > 0:
		return r.doc, nil
	case len(r.doc.Problems) > 0:
		return nil, fmt.Errorf("the VEX document has no statement that can be used: %s", r.doc.Problems[0])
	default:
		return nil, errNoStatements
	}
}

// errNoStatements is a document of a known form that says nothing; among attestations it is no VEX at all.
var errNoStatements = fmt.Errorf("the VEX document makes no statement")

// stamp reads a time; what is none is zero.
func stamp(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}
	}
	return t.UTC()
}

// text reads a JSON string; what is none is "".
func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}
