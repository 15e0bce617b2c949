package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// EvaluationRecord is a stored verdict with the digests of all that it was made of.
type EvaluationRecord struct {
	ID               int64           `json:"evaluation_id"`
	Digest           string          `json:"imageDigest"`
	FullTag          string          `json:"fulltag"`
	PolicyID         string          `json:"policyId"`
	Status           string          `json:"status"`
	FinalAction      string          `json:"final_action"`
	FinalReason      string          `json:"final_action_reason"`
	EvaluatedAt      time.Time       `json:"evaluated_at"`
	Reason           string          `json:"reason"`
	Revision         int64           `json:"feed_revision"`
	BundleDigest     string          `json:"bundle_digest"`
	AnalysisDigest   string          `json:"analysis_digest,omitempty"`
	DockerfileDigest string          `json:"dockerfile_digest,omitempty"`
	VEXDigest        string          `json:"vex_digest,omitempty"`
	ResultDigest     string          `json:"result_digest"`
	Facts            json.RawMessage `json:"facts,omitempty"`
	NextAt           time.Time       `json:"next_at,omitzero"`
	WaitsFor         []string        `json:"waits_for,omitempty"`
	Reproducible     bool            `json:"reproducible"`
	RowsGone         bool            `json:"rows_gone,omitempty"`
}

// EvaluationFilter narrows a list; zero fields do not.
type EvaluationFilter struct {
	Digest, FullTag, PolicyID, BundleDigest, FinalAction string
	Since, Until                                         time.Time
	Latest                                               bool
	Limit                                                int
	Before                                               int64
}

// EvaluationList is a page, newest first; Next is what Before of the next one is, 0 for none.
type EvaluationList struct {
	Evaluations []EvaluationRecord `json:"evaluations"`
	Next        int64              `json:"next,omitempty"`
}

// StoredEvaluation is one with its document and its bundle.
type StoredEvaluation struct {
	EvaluationRecord
	Detail struct {
		Result json.RawMessage `json:"result,omitempty"`
		Policy json.RawMessage `json:"policy,omitempty"`
	} `json:"detail"`
}

// Result reads the evaluation document.
func (e *StoredEvaluation) Result() (*EvaluationResult, error) {
	return (&Evaluation{Detail: e.Detail}).Result()
}

// Reproduction says whether a stored verdict comes out again.
type Reproduction struct {
	Evaluation   EvaluationRecord `json:"evaluation"`
	Equal        bool             `json:"equal"`
	ResultDigest string           `json:"result_digest"`
	Differences  []Difference     `json:"differences"`
}

// EvaluationRow is one row of an evaluation.
type EvaluationRow struct {
	Gate      string          `json:"gate"`
	Trigger   string          `json:"trigger"`
	TriggerID string          `json:"trigger_id"`
	Message   string          `json:"message"`
	Action    string          `json:"action"`
	PolicyID  string          `json:"policy_id"`
	Allowed   json.RawMessage `json:"allowed_by,omitempty"`
}

// RowDiff is how the rows of two evaluations differ.
type RowDiff struct {
	Added     []EvaluationRow `json:"rows_added"`
	Removed   []EvaluationRow `json:"rows_removed"`
	Changed   []RowChange     `json:"rows_changed"`
	Unchanged int             `json:"rows_unchanged_count"`
}

// RowChange is a row that both have, with another action, message or allowlist.
type RowChange struct {
	Before EvaluationRow `json:"before"`
	After  EvaluationRow `json:"after"`
}

// EvaluationProblem is one entry of evaluation_problems.
type EvaluationProblem struct {
	Severity string `json:"severity"`
	Type     string `json:"problem_type"`
	Details  string `json:"details"`
}

// EvaluationDiff is how two evaluations differ, and which of their inputs do.
type EvaluationDiff struct {
	Before EvaluationRecord `json:"before"`
	After  EvaluationRecord `json:"after"`
	Inputs []Difference     `json:"inputs"`
	RowDiff
	ProblemsAdded   []EvaluationProblem `json:"problems_added"`
	ProblemsRemoved []EvaluationProblem `json:"problems_removed"`
}

// Evaluations lists stored verdicts, newest first.
func (c *Client) Evaluations(ctx context.Context, f EvaluationFilter) (EvaluationList, error) {
	r := at("evaluations").with("imageDigest", f.Digest).with("fulltag", f.FullTag).with("policyId", f.PolicyID).with("bundle_digest", f.BundleDigest).
		with("final_action", f.FinalAction).with("since", rfc3339(f.Since)).with("until", rfc3339(f.Until))
	if f.Latest {
		r = r.flag("latest", true)
	}
	if f.Limit > 0 {
		r = r.with("limit", strconv.Itoa(f.Limit))
	}
	if f.Before > 0 {
		r = r.with("before", strconv.FormatInt(f.Before, 10))
	}
	var list EvaluationList
	err := c.get(ctx, r, &list)
	return list, err
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func evaluation(id int64, path ...string) route {
	return at(append([]string{"evaluations", strconv.FormatInt(id, 10)}, path...)...)
}

// Evaluation reads a stored verdict with its rows and its bundle.
func (c *Client) Evaluation(ctx context.Context, id int64) (StoredEvaluation, error) {
	var e StoredEvaluation
	err := c.get(ctx, evaluation(id), &e)
	return e, err
}

// Reproduce has a stored verdict made again from its inputs.
func (c *Client) Reproduce(ctx context.Context, id int64) (Reproduction, error) {
	var p Reproduction
	err := c.get(ctx, evaluation(id, "reproduction"), &p)
	return p, err
}

// DiffEvaluations compares two stored verdicts.
func (c *Client) DiffEvaluations(ctx context.Context, before, after int64) (EvaluationDiff, error) {
	var d EvaluationDiff
	err := c.get(ctx, evaluation(before, "diff").with("other", strconv.FormatInt(after, 10)), &d)
	return d, err
}

// ImageDiff is how two images differ.
type ImageDiff struct {
	Before       ImageDiffSide   `json:"before"`
	After        ImageDiffSide   `json:"after"`
	Added        []DiffPackage   `json:"packages_added"`
	Removed      []DiffPackage   `json:"packages_removed"`
	Changed      []PackageChange `json:"packages_changed"`
	Unchanged    int             `json:"packages_unchanged_count"`
	Files        DiffFiles       `json:"files"`
	SharedLayers int             `json:"shared_layers"`
	Config       []Difference    `json:"config"`
	Vulns        VulnDiff        `json:"vulnerabilities"`
	// Evaluation is nil when no policy is active, or an image has no tag.
	Evaluation *EvaluationDiff `json:"evaluation,omitempty"`
}

// ImageDiffSide is one of the two.
type ImageDiffSide struct {
	Digest   string `json:"imageDigest"`
	Packages int    `json:"package_count"`
	Layers   int    `json:"layer_count"`
	Size     int64  `json:"size"`
}

// DiffPackage is a package that one of the images has.
type DiffPackage struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Path    string `json:"path,omitempty"`
}

// PackageChange is a package in two versions.
type PackageChange struct {
	DiffPackage
	Before string `json:"version_before"`
}

// DiffFiles counts the entries of both trees. Compared is false when the files of one are not known.
type DiffFiles struct {
	Before   FileCount `json:"before"`
	After    FileCount `json:"after"`
	Compared bool      `json:"compared"`
	Added    int       `json:"added"`
	Removed  int       `json:"removed"`
	Changed  int       `json:"changed"`
}

// FileCount counts the entries of a tree.
type FileCount struct {
	Total       int   `json:"total"`
	Regular     int   `json:"regular"`
	Directories int   `json:"directories"`
	Symlinks    int   `json:"symlinks"`
	Other       int   `json:"other"`
	SUID        int   `json:"suid"`
	Bytes       int64 `json:"bytes"`
}

// DiffImages compares two images; tag is the one to evaluate both for, "" for the newest of each.
func (c *Client) DiffImages(ctx context.Context, before, after, tag string, m Moment) (ImageDiff, error) {
	var d ImageDiff
	err := c.get(ctx, m.on(at("images", before, "diff").with("other", after).with("tag", tag)), &d)
	return d, err
}

// Simulate asks what a bundle would say of the inventory.
type Simulate struct {
	Bundle []byte
	// Registry, Repository and Tag narrow the inventory; PolicyID is what to compare with, "" for the active policy.
	Registry, Repository, Tag, PolicyID string
	// Show is "verdicts" (also ""), "rows" or "all".
	Show string
	// Rows of each kind that are listed of an image at most; 0 leaves it to the server, less lists none.
	Rows   int
	Moment Moment
}

// SimulatedImage is what becomes of the verdict of an image and tag.
type SimulatedImage struct {
	Digest  string           `json:"imageDigest"`
	FullTag string           `json:"fulltag,omitempty"`
	Changed bool             `json:"changed"`
	Before  SimulatedVerdict `json:"before,omitzero"`
	After   SimulatedVerdict `json:"after,omitzero"`
	RowDiff
	More     int                 `json:"rows_more,omitempty"`
	Problems []EvaluationProblem `json:"problems_added,omitempty"`
	// Error is why the image could not be evaluated.
	Error string `json:"error,omitempty"`
}

// SimulatedVerdict is the outcome by one of the bundles.
type SimulatedVerdict struct {
	Status      string `json:"status"`
	FinalAction string `json:"final_action"`
	FinalReason string `json:"final_action_reason"`
	Rows        int    `json:"row_count"`
}

// SimulationSummary sums up.
type SimulationSummary struct {
	Images       int                   `json:"images"`
	Verdicts     int                   `json:"verdicts"`
	Changed      int                   `json:"changed"`
	RowsChanged  int                   `json:"rows_changed"`
	Failed       int                   `json:"failed"`
	Unknown      int                   `json:"not_known_then"`
	Transitions  []SimulatedTransition `json:"transitions"`
	Triggers     []SimulatedTrigger    `json:"triggers"`
	Candidate    string                `json:"candidate_digest"`
	PolicyID     string                `json:"policyId"`
	BundleDigest string                `json:"bundle_digest"`
	Revision     int64                 `json:"feed_revision"`
	AsOf         time.Time             `json:"as_of,omitzero"`
	Seconds      float64               `json:"seconds"`
}

// SimulatedTransition counts the verdicts that go from one action to another.
type SimulatedTransition struct {
	Before string `json:"before"`
	After  string `json:"after"`
	Count  int    `json:"count"`
}

// SimulatedTrigger counts the rows of a trigger that come, go and change.
type SimulatedTrigger struct {
	Gate    string `json:"gate"`
	Trigger string `json:"trigger"`
	Added   int    `json:"rows_added"`
	Removed int    `json:"rows_removed"`
	Changed int    `json:"rows_changed"`
}

// maxLine bounds one line of a simulation's answer, in bytes.
const maxLine = 64 << 20

// Simulate evaluates a bundle over the inventory, without storing or telling anything. tell gets one image after the other as
// the server sends them; its error ends the simulation.
func (c *Client) Simulate(ctx context.Context, q Simulate, tell func(*SimulatedImage) error) (SimulationSummary, error) {
	r := q.Moment.on(at("simulations").with("registry", q.Registry).with("repository", q.Repository).with("tag", q.Tag).with("policyId", q.PolicyID).with("show", q.Show))
	if q.Rows != 0 {
		r = r.with("rows", strconv.Itoa(max(q.Rows, 0)))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	res, err := c.send(ctx, http.MethodPost, c.address(r), bytes.NewReader(q.Bundle), "application/json")
	if err != nil {
		return SimulationSummary{}, err
	}
	if res.StatusCode != http.StatusOK {
		return SimulationSummary{}, c.read(res, nil)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(make([]byte, 1<<16), maxLine)
	for lines.Scan() {
		var line struct {
			Image   *SimulatedImage    `json:"image"`
			Summary *SimulationSummary `json:"summary"`
			Error   string             `json:"error"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return SimulationSummary{}, fmt.Errorf("the answer of %s: %w", c.base.Host, err)
		}
		switch {
		case line.Image != nil:
			if err := tell(line.Image); err != nil {
				return SimulationSummary{}, err
			}
		case line.Summary != nil:
			return *line.Summary, nil
		case line.Error != "":
			return SimulationSummary{}, errors.New("the simulation broke off: " + line.Error)
		}
	}
	err = lines.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return SimulationSummary{}, &Unreachable{URL: c.base.String(), Err: fmt.Errorf("the answer broke off: %w", err)}
}
