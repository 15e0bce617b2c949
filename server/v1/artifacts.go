package v1

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/server/problem"
)

// RetrievedFile is a file that the settings ask for.
type RetrievedFile struct {
	Path    string `json:"path"`
	Content string `json:"b64_content" doc:"base64, in lines of 76"`
}

// SearchRow is a file of the image in which rules found their text.
type SearchRow struct {
	Path    string        `json:"path"`
	Matches []SearchMatch `json:"matches"`
}

// SearchMatch is one rule in one file.
type SearchMatch struct {
	Name  string `json:"name" doc:"Name of the rule; empty when it has none"`
	Regex string `json:"regex" doc:"Its regular expression, or builtin:NAME for a detector"`
	Lines []int  `json:"lines" doc:"Lines, counted from 0"`
	// Found says the same places line by line.
	Found []SearchPlace `json:"found"`
	More  int           `json:"more,omitempty" doc:"Further matches that are not listed"`
}

// SearchPlace is one line.
type SearchPlace struct {
	Line  int    `json:"line" doc:"Counted from 1"`
	Layer int    `json:"layer"`
	HMAC  string `json:"hmac,omitempty" doc:"Keyed digest of the secret: equal secrets have equal ones"`
}

func (r *routes) artifacts() {
	const tag = "Image content"
	add(r, "GET /images/{imageDigest}/artifacts/retrieved_files", tag, "Get the files that the settings ask for", func(ctx context.Context, in *ImagePath) ([]RetrievedFile, error) {
		a, err := r.artifactsOf(ctx, in)
		if err != nil {
			return nil, err
		}
		rows := make([]RetrievedFile, 0, len(a.Retrieved))
		for i := range a.Retrieved {
			rows = append(rows, RetrievedFile{a.Retrieved[i].Path.Abs(), base64Lines(a.Retrieved[i].Content)})
		}
		return rows, nil
	})
	add(r, "GET /images/{imageDigest}/artifacts/secret_search", tag, "Get the files of the image with secrets", func(ctx context.Context, in *ImagePath) ([]SearchRow, error) {
		a, err := r.artifactsOf(ctx, in)
		if err != nil {
			return nil, err
		}
		return searchRows(a.Secrets), nil
	})
	add(r, "GET /images/{imageDigest}/artifacts/file_content_search", tag, "Get the files of the image with texts that are searched for", func(ctx context.Context, in *ImagePath) ([]SearchRow, error) {
		a, err := r.artifactsOf(ctx, in)
		if err != nil {
			return nil, err
		}
		return searchRows(a.Matches), nil
	})
}

// artifactsOf refuses an image without an analysis in the words that clients know of these routes.
func (r *routes) artifactsOf(ctx context.Context, in *ImagePath) (*image.Analysis, error) {
	a, err := r.analysed(ctx, in)
	if err == nil {
		return a.Analysis, nil
	}
	var refusal *engine.Error
	if !errors.As(err, &refusal) || refusal.Class != engine.ClassNotAnalyzed {
		return nil, err
	}
	e := problem.New(http.StatusNotFound, refusal.Code, "Resource artifacts not found")
	for key, value := range refusal.Detail {
		_ = e.With(key, value)
	}
	return nil, e.With("details", refusal.Message)
}

// searchRows lists by file what is found in the merged tree. What a later layer removed and what stands in the config is
// not in the tree; it has routes of its own.
func searchRows(list []image.TextMatch) []SearchRow {
	rows := []SearchRow{}
	index := map[image.Path]int{}
	for i := range list {
		m := &list[i]
		if m.Removed || m.Place != "" || m.Path == "" {
			continue
		}
		at, known := index[m.Path]
		if !known {
			at = len(rows)
			index[m.Path] = at
			rows = append(rows, SearchRow{Path: m.Path.Abs()})
		}
		rows[at].add(m)
	}
	slices.SortFunc(rows, func(a, b SearchRow) int { return strings.Compare(a.Path, b.Path) })
	return rows
}

func (row *SearchRow) add(m *image.TextMatch) {
	regex := regexOf(m)
	at := slices.IndexFunc(row.Matches, func(have SearchMatch) bool { return have.Name == m.Rule && have.Regex == regex })
	if at < 0 {
		at = len(row.Matches)
		row.Matches = append(row.Matches, SearchMatch{Name: m.Rule, Regex: regex, Lines: []int{}, Found: []SearchPlace{}})
	}
	have := &row.Matches[at]
	if line := m.Line - 1; line >= 0 && !slices.Contains(have.Lines, line) {
		have.Lines = append(have.Lines, line)
		slices.Sort(have.Lines)
	}
	have.Found = append(have.Found, SearchPlace{m.Line, m.Layer, m.HMAC})
	have.More += m.More
}

// regexOf is the expression of a rule as /v1 shows it.
func regexOf(m *image.TextMatch) string {
	if m.Pattern == "" {
		return "builtin:" + m.Rule
	}
	return m.Pattern
}
