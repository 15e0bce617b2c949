package v1

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/server/problem"
)

// Simulations evaluate a candidate over the inventory of an account. The candidate is refused as an upload is.
type Simulations interface {
	Run(ctx context.Context, account string, r engine.SimulateRequest, tell func(*engine.Simulated) error) (*engine.Simulation, error)
}

// SimulationLine is one line of a simulation's answer: an image, or, as the last one, the summary or why it broke off.
type SimulationLine struct {
	Image   *SimulatedImage    `json:"image,omitempty"`
	Summary *SimulationSummary `json:"summary,omitempty" doc:"The last line; without it the simulation broke off"`
	Error   string             `json:"error,omitempty"`
}

// SimulatedImage is what becomes of the verdict of an image and tag.
type SimulatedImage struct {
	Digest  image.Digest      `json:"imageDigest"`
	Tag     string            `json:"fulltag,omitempty"`
	Changed bool              `json:"changed" doc:"The final action changes"`
	Before  *SimulatedVerdict `json:"before,omitempty"`
	After   *SimulatedVerdict `json:"after,omitempty"`
	*RowDiff
	More     int              `json:"rows_more,omitempty" doc:"Rows beyond those that are listed"`
	Problems []policy.Problem `json:"problems_added,omitempty"`
	Error    string           `json:"error,omitempty" doc:"Why the image could not be evaluated"`
}

// SimulatedVerdict is the outcome by one of the bundles.
type SimulatedVerdict struct {
	Status string `json:"status" enum:"pass,fail"`
	Final  string `json:"final_action" enum:"go,warn,stop"`
	Reason string `json:"final_action_reason"`
	Rows   int    `json:"row_count"`
}

// SimulationSummary sums up.
type SimulationSummary struct {
	Images      int              `json:"images"`
	Verdicts    int              `json:"verdicts" doc:"One for each tag of an image"`
	Changed     int              `json:"changed" doc:"Verdicts whose final action changes"`
	RowsChanged int              `json:"rows_changed" doc:"Verdicts of which any row changes"`
	Failed      int              `json:"failed"`
	Unknown     int              `json:"not_known_then"`
	Transitions []TransitionRow  `json:"transitions"`
	Triggers    []TriggerSummary `json:"triggers" doc:"Rows that came and went"`
	Candidate   image.Digest     `json:"candidate_digest"`
	PolicyID    string           `json:"policyId" doc:"What it was compared with"`
	Bundle      image.Digest     `json:"bundle_digest"`
	Revision    int64            `json:"feed_revision"`
	AsOf        clock            `json:"as_of"`
	Seconds     float64          `json:"seconds"`
}

// TransitionRow counts the verdicts that go from one action to another.
type TransitionRow struct {
	Before string `json:"before"`
	After  string `json:"after"`
	Count  int    `json:"count"`
}

// TriggerSummary counts the rows of a trigger.
type TriggerSummary struct {
	Gate    string `json:"gate"`
	Trigger string `json:"trigger"`
	Added   int    `json:"rows_added"`
	Removed int    `json:"rows_removed"`
	Changed int    `json:"rows_changed"`
}

const linesType = "application/x-ndjson"

func (r *routes) simulations() {
	param := func(name, doc string, s huma.Schema) *huma.Param {
		return &huma.Param{Name: name, In: "query", Description: doc, Schema: &s}
	}
	text := huma.Schema{Type: huma.TypeString}
	r.raw(&huma.Operation{
		Method: http.MethodPost, Path: "/simulations", Summary: "Evaluate a bundle over the inventory without storing or telling anything; answers a line for each image", Tags: []string{"Policies"},
		Parameters: []*huma.Param{
			param("registry", "Only tags of this registry", text), param("repository", "Only tags of this repository", text), param("tag", "Only tags of this name", text),
			param("policyId", "What to compare with; default the active policy", text),
			param("show", "Images whose final action changes, of which any row does, or all", huma.Schema{Type: huma.TypeString, Enum: []any{"verdicts", "rows", "all"}, Default: "verdicts"}),
			param("rows", "Rows of each kind that are listed of an image at most", huma.Schema{Type: huma.TypeInteger, Default: engine.DefaultSimulatedRows}),
			param("as_of", "With what was known here at this time (RFC 3339); default now", text),
			param("retrospective", "With as_of: also images that were not known here then", huma.Schema{Type: huma.TypeBoolean}),
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schemaOf[map[string]any](r)}}},
		Responses:   map[string]*huma.Response{"200": {Description: "A JSON document a line, the summary last", Content: map[string]*huma.MediaType{linesType: {Schema: schemaOf[SimulationLine](r)}}}},
	}, r.simulate)
}

func simulateRequest(in *http.Request) (engine.SimulateRequest, error) {
	q := in.URL.Query()
	req := engine.SimulateRequest{Registry: q.Get("registry"), Repository: q.Get("repository"), Tag: q.Get("tag"), Against: q.Get("policyId"), Show: engine.SimulationShow(q.Get("show"))}
	switch req.Show {
	case "", engine.ShowVerdicts, engine.ShowRows, engine.ShowAll:
	default:
		return req, invalid("show must be verdicts, rows or all, not %.40q", q.Get("show"))
	}
	if text := q.Get("rows"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 100_000 {
			return req, invalid("rows must be a number from 0 to 100000, not %.40q", text)
		}
		if req.Rows = n; n == 0 {
			req.Rows = -1
		}
	}
	m := Moment{AsOf: q.Get("as_of")}
	if text := q.Get("retrospective"); text != "" {
		on, err := strconv.ParseBool(text)
		if err != nil {
			return req, invalid("retrospective must be true or false, not %.40q", text)
		}
		m.Retrospective = on
	}
	var err error
	if req.Moment, err = m.read(); err != nil {
		return req, err
	}
	req.Document, err = io.ReadAll(in.Body) // bounded before
	return req, err
}

// simulate writes lines as they come. Once one was sent, what goes wrong is the last line.
func (r *routes) simulate(w http.ResponseWriter, in *http.Request) error {
	req, err := simulateRequest(in)
	if err != nil {
		return err
	}
	ctx := in.Context()
	out, begun, flushed := json.NewEncoder(w), false, time.Now()
	out.SetEscapeHTML(false)
	send := func(line SimulationLine) error {
		if !begun {
			begun = true
			w.Header().Set("Content-Type", linesType)
		}
		if err := out.Encode(line); err != nil {
			return err
		}
		if now := time.Now(); now.Sub(flushed) > time.Second {
			flushed = now
			_ = http.NewResponseController(w).Flush() // a writer that cannot sends when it is full
		}
		return nil
	}
	sum, err := r.Simulations.Run(ctx, account(ctx), req, func(s *engine.Simulated) error {
		return send(SimulationLine{Image: newSimulated(s)})
	})
	switch {
	case err == nil:
		return send(SimulationLine{Summary: newSimulation(sum)})
	case !begun:
		return err
	}
	r.failed(ctx, err)
	_ = send(SimulationLine{Error: problem.From(err).Error()})
	return nil
}

func newSimulated(s *engine.Simulated) *SimulatedImage {
	if s.Err != nil {
		why := "the image could not be evaluated: see the server's log"
		if e, ok := errors.AsType[*engine.Error](s.Err); ok {
			why = e.Error()
		}
		return &SimulatedImage{Digest: s.Image, Tag: s.Tag, Error: why}
	}
	rows := newRowDiff(&s.RowDiff)
	outcome := func(v engine.SimulatedVerdict) *SimulatedVerdict {
		return &SimulatedVerdict{engine.Status(v.FinalAction), v.FinalAction, v.FinalReason, v.Rows}
	}
	return &SimulatedImage{Digest: s.Image, Tag: s.Tag, Changed: s.Changed(), Before: outcome(s.Before), After: outcome(s.After), RowDiff: &rows, More: s.More, Problems: s.Problems}
}

func newSimulation(s *engine.Simulation) *SimulationSummary {
	out := &SimulationSummary{
		Images: s.Images, Verdicts: s.Verdicts, Changed: s.Changed, RowsChanged: s.RowsChanged, Failed: s.Failed, Unknown: s.Unknown,
		Transitions: []TransitionRow{}, Triggers: []TriggerSummary{}, Candidate: s.Candidate, PolicyID: s.Against, Bundle: s.AgainstDigest,
		Revision: s.Revision, AsOf: clock(s.AsOf), Seconds: s.Seconds,
	}
	for _, k := range pairs(s.Transitions) {
		out.Transitions = append(out.Transitions, TransitionRow{k[0], k[1], s.Transitions[k]})
	}
	for _, k := range pairs(s.Triggers) {
		t := s.Triggers[k]
		out.Triggers = append(out.Triggers, TriggerSummary{k[0], k[1], t.Added, t.Removed, t.Changed})
	}
	return out
}

// pairs are the keys of m, sorted.
func pairs[V any](m map[[2]string]V) [][2]string {
	return slices.SortedFunc(maps.Keys(m), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
}
