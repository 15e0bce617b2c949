package report

import (
	"encoding/json"
	"errors"
	"io"
	"time"
)

// Checked is what evaluations of one image for one tag say, in the shape in which /v1 answers it.
type Checked struct {
	Digest, FullTag string
	Evaluations     []Evaluation
}

// Evaluation is one verdict.
type Evaluation struct {
	PolicyID, FinalAction string
	At                    time.Time
	// Revision of the advisory data. AsOf is the moment that was asked for, zero for none.
	Revision int64
	AsOf     time.Time
	// ID of the stored evaluation; 0 when it was not stored.
	ID int64
	// Document is the evaluation document, Bundle the bundle as it came.
	Document, Bundle []byte
}

// CheckAnswer is the nested form of a check: digest, then full tag, then evaluations.
type CheckAnswer []map[string]map[string][]CheckRow

// CheckRow is one evaluation.
type CheckRow struct {
	PolicyID   string      `json:"policyId"`
	Status     string      `json:"status" enum:"pass,fail"`
	LastEval   Second      `json:"last_evaluation"`
	Detail     CheckDetail `json:"detail"`
	Final      string      `json:"final_action" enum:"go,warn,stop"`
	Revision   int64       `json:"feed_revision" doc:"State of the advisory data that answered"`
	AsOf       *Second     `json:"as_of,omitempty"`
	Evaluation int64       `json:"evaluation_id,omitempty" doc:"Of the stored evaluation; absent when it was not stored"`
}

// CheckDetail is empty when nobody asked for it.
type CheckDetail struct {
	Result *Raw `json:"result,omitempty"`
	Policy *Raw `json:"policy,omitempty"`
}

// Answer gives the verdicts as /v1 answers it, with or without the documents.
func (c *Checked) Answer(detail bool) CheckAnswer {
	rows := make([]CheckRow, 0, len(c.Evaluations))
	for i := range c.Evaluations {
		e := &c.Evaluations[i]
		row := CheckRow{PolicyID: e.PolicyID, Status: "pass", LastEval: Second(e.At), Final: e.FinalAction, Revision: e.Revision, Evaluation: e.ID}
		if e.FinalAction == "stop" {
			row.Status = "fail"
		}
		if !e.AsOf.IsZero() {
			row.AsOf = (*Second)(&e.AsOf)
		}
		if detail {
			row.Detail = DetailOf(e.Document, e.Bundle)
		}
		rows = append(rows, row)
	}
	return CheckAnswer{{c.Digest: {c.FullTag: rows}}}
}

// DetailOf is the detail of an evaluation: its document and its bundle.
func DetailOf(document, bundle []byte) CheckDetail {
	return CheckDetail{(*Raw)(&document), (*Raw)(&bundle)}
}

// Second is a moment to the second in UTC, as /v1 writes it.
type Second time.Time

// MarshalJSON writes the second, or null for the zero time.
func (s Second) MarshalJSON() ([]byte, error) {
	t := time.Time(s)
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(t.UTC().Format(`"2006-01-02T15:04:05Z"`)), nil
}

// Raw is a JSON document passed on as it is.
type Raw []byte

// MarshalJSON writes the document, or {} when there is none.
func (d Raw) MarshalJSON() ([]byte, error) {
	if len(d) == 0 {
		return []byte("{}"), nil
	}
	return d, nil
}

// EvaluationJSON is the form that is the answer of a check over /v1.
const EvaluationJSON = "evaluation-json"

// ErrNoEvaluation tells what evaluation-json is for.
var ErrNoEvaluation = errors.New(EvaluationJSON + " is the form of a verdict, and no policy was evaluated: landwaiter scan and landwaiter check do that")

// writeEvaluation writes the answer of GET /v1/images/{imageDigest}/check with all its detail.
func writeEvaluation(w io.Writer, r *Result, s Style) error {
	if r.Checked == nil {
		return ErrNoEvaluation
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if s.Indent {
		e.SetIndent("", "  ")
	}
	return e.Encode(r.Checked.Answer(true))
}
