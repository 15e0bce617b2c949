package engine

import (
	"encoding/json"
	"slices"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/store"
)

// facts are the inputs of a verdict that no digest stands for. They are kept beside it, so that it can be given again.
type facts struct {
	// ImageID is the digest of the config.
	ImageID image.Digest `json:"image_id"`
	// AnalyzedAt is since when the image was known here: findings count as detected from then on.
	AnalyzedAt time.Time `json:"analyzed_at"`
	Feed       feedFact  `json:"feed"`
	// ScoresKnown is the moment up to which loads of scores count; zero where the bundle asks for none.
	ScoresKnown time.Time `json:"scores_known,omitzero"`
	// Outside is what lies outside of the image; nil where the bundle asks for none of it.
	Outside *outside `json:"outside,omitempty"`
	// Gaps that the state of the advisory data made.
	Gaps []image.Gap `json:"gaps,omitempty"`
	// Confirmed says that the same came out later; nil when nobody asked again.
	Confirmed *confirmed `json:"confirmed,omitempty"`
}

// confirmed is what became of a verdict that time alone might have changed, and did not: it stands for those that came later,
// which differ from it in their moments alone.
type confirmed struct {
	// At is when the same came out last.
	At time.Time `json:"at"`
	// FirstNextAt is the next moment that the verdict itself named; that of its header is the one of the last.
	FirstNextAt time.Time `json:"first_next_at,omitzero"`
}

// confirm gives the facts of a stored verdict with the moment at which it came out again; false where it keeps none.
func confirm(e store.Evaluation, at time.Time) (string, bool) {
	var f facts
	if e.Facts == "" || json.Unmarshal([]byte(e.Facts), &f) != nil {
		return "", false
	}
	if f.Confirmed == nil {
		f.Confirmed = &confirmed{FirstNextAt: e.NextAt}
	}
	f.Confirmed.At = at
	return string(encode(f)), true
}

// firstNextAt is the next moment that a stored verdict named when it was made.
func firstNextAt(e store.Evaluation) time.Time {
	var f facts
	if json.Unmarshal([]byte(e.Facts), &f) != nil || f.Confirmed == nil {
		return e.NextAt
	}
	return f.Confirmed.FirstNextAt
}

// feedFact is [policy.FeedFacts] as it is kept.
type feedFact struct {
	Present  bool      `json:"present"`
	LastSync time.Time `json:"last_sync,omitzero"`
}

// waitsFor are the ecosystems whose data a verdict would be another one with: those in its gaps, and that of the distribution
// when a rule fired because its data was absent or old.
func waitsFor(e *policy.Evaluation, s *state) []string {
	list := slices.Clone(s.waits)
	eco := advisory.EcosystemOfDistro(s.analyzed.Analysis.Distro)
	if eco != "" && slices.ContainsFunc(e.Rows, func(r policy.Row) bool {
		return r.Gate == "vulnerabilities" && (r.Trigger == "stale_feed_data" || r.Trigger == "vulnerability_data_unavailable")
	}) {
		list = append(list, eco)
	}
	for _, r := range e.Rows {
		if r.Gate == "analysis" && r.Trigger == "stale_source" && !slices.Contains(list, r.TriggerID) {
			list = append(list, r.TriggerID)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
