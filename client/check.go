package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// CheckRequest asks what a policy says about an image.
type CheckRequest struct {
	Digest, Tag string
	// PolicyID, or "" for the active one.
	PolicyID string
	// Detail asks for the rows and the bundle, History for all stored evaluations, Interactive stores nothing.
	Detail, History, Interactive bool
	Moment                       Moment
}

// Evaluation is one verdict.
type Evaluation struct {
	Digest      string    `json:"imageDigest"`
	FullTag     string    `json:"fulltag"`
	PolicyID    string    `json:"policyId"`
	Status      string    `json:"status"` // pass or fail
	FinalAction string    `json:"final_action"`
	EvaluatedAt time.Time `json:"last_evaluation,omitzero"`
	Revision    int64     `json:"feed_revision"`
	AsOf        time.Time `json:"as_of,omitzero"`
	// Stored is the number of the stored evaluation; 0 when it was not stored.
	Stored int64 `json:"evaluation_id,omitempty"`
	Detail struct {
		Result json.RawMessage `json:"result,omitempty"`
		Policy json.RawMessage `json:"policy,omitempty"`
	} `json:"detail"`
}

// Result reads the evaluation document; nil when the answer has none.
func (e *Evaluation) Result() (*EvaluationResult, error) {
	if len(e.Detail.Result) == 0 {
		return nil, nil
	}
	var r EvaluationResult
	if err := json.Unmarshal(e.Detail.Result, &r); err != nil {
		return nil, fmt.Errorf("evaluation document: %w", err)
	}
	return &r, nil
}

// EvaluationResult is the part of the evaluation document that people read.
type EvaluationResult struct {
	ImageID     string `json:"image_id"`
	FinalAction string `json:"final_action"`
	FinalReason string `json:"final_action_reason"`
	Problems    []struct {
		Severity string `json:"severity"`
		Type     string `json:"problem_type"`
		Details  string `json:"details"`
	} `json:"evaluation_problems"`
	// Result holds the table under the image id, beside keys of other kinds.
	Result map[string]json.RawMessage `json:"result"`
}

// Row is one line of an evaluation.
type Row struct {
	Gate, Trigger, TriggerID, Message, Action, PolicyID string
	// Allowlisted names the allowlist that excused the row; "" when none did. AllowlistID and AllowlistItem are the ids of
	// the list and of its item, "" where the bundle gives none.
	Allowlisted, AllowlistID, AllowlistItem string
}

// Rows of the evaluation, by the names of the header; none when the document has no table.
func (r *EvaluationResult) Rows() []Row {
	var rows []Row
	if r == nil {
		return nil
	}
	var table struct {
		Result struct {
			Header []string
			Rows   [][]json.RawMessage
		}
	}
	if json.Unmarshal(r.Result[r.ImageID], &table) != nil {
		return nil
	}
	for _, cells := range table.Result.Rows {
		var row Row
		for i, name := range table.Result.Header {
			if i >= len(cells) {
				break
			}
			text := ""
			_ = json.Unmarshal(cells[i], &text) // one column is no text
			switch name {
			case "Trigger_Id":
				row.TriggerID = text
			case "Gate":
				row.Gate = text
			case "Trigger":
				row.Trigger = text
			case "Check_Output":
				row.Message = text
			case "Gate_Action":
				row.Action = text
			case "Policy_Id":
				row.PolicyID = text
			case "Whitelisted":
				row.Allowlisted, row.AllowlistID, row.AllowlistItem = allowlist(cells[i])
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func allowlist(cell json.RawMessage) (name, id, item string) {
	var match struct {
		Name string `json:"whitelist_name"`
		ID   string `json:"whitelist_id"`
		Item string `json:"matched_rule_id"`
	}
	if json.Unmarshal(cell, &match) != nil { // false
		return "", "", ""
	}
	return cmp.Or(match.Name, match.ID, "allowlist"), match.ID, match.Item
}

// Check evaluates an image; the answer holds one evaluation, or with History all, newest first.
func (c *Client) Check(ctx context.Context, q CheckRequest) ([]Evaluation, error) {
	r := q.Moment.on(at("images", q.Digest, "check").with("tag", q.Tag).with("policyId", q.PolicyID).flag("detail", q.Detail).flag("history", q.History))
	if q.Interactive {
		r = r.flag("interactive", true)
	}
	var answer []map[string]map[string][]Evaluation
	if err := c.get(ctx, r, &answer); err != nil {
		return nil, err
	}
	var list []Evaluation
	for _, byDigest := range answer {
		for digest, byTag := range byDigest {
			for tag, evaluations := range byTag {
				for _, e := range evaluations {
					e.Digest, e.FullTag = digest, tag
					list = append(list, e)
				}
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("the server has no evaluation of %s for %s", q.Digest, q.Tag)
	}
	return list, nil
}
