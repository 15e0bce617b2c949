package policy

import (
	"encoding/json"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

// Actions: what a rule, a policy or a verdict asks for, the worst first.
const (
	Stop = "stop"
	Warn = "warn"
	Go   = "go"
)

// worse is the one of two actions that counts.
func worse(a, b string) string {
	for _, action := range []string{Stop, Warn} {
		if a == action || b == action {
			return action
		}
	}
	return Go
}

func actionOf(s string) (string, bool) {
	for _, a := range []string{Stop, Warn, Go} {
		if strings.EqualFold(s, a) {
			return a, true
		}
	}
	return Stop, false
}

// Input is all that a verdict depends on besides the bundle. It is only read.
type Input struct {
	// Account that asks.
	Account string
	// ImageID is the config's digest in hexadecimal without its algorithm, ImageDigest the manifest's digest.
	ImageID, ImageDigest string
	// Tag in full, "registry/repository:tag"; it need not be one of the image's own.
	Tag      string
	Analysis *image.Analysis
	// Dockerfile as the user gave it, or a guessed one, by its mode ("Actual", "Guessed", "Unknown"). Without a mode, a
	// text is the user's, and without a text the one guessed by the analysis is taken.
	Dockerfile, DockerfileMode string
	Findings                   []advisory.ImageFinding
	// Unmatched says that nobody looked for findings, so that there are none does not mean anything.
	Unmatched bool
	// Gaps of the analysis and of the matching together; nil stands for those of the analysis.
	Gaps []image.Gap
	// DetectedAt says when a finding was first seen on this image; nil stands for its Since.
	DetectedAt func(*advisory.ImageFinding) time.Time
	Feed       FeedFacts
	// Facts from outside of the image; which of them the bundle needs, [Bundle.Needs] says.
	Facts gate.Facts
	// Files of the merged tree, sorted by path; asked for only when a rule needs them. Nil when they are not known. They are
	// shared and never changed.
	Files func() []image.File
	// At is the moment of the verdict.
	At time.Time
	// Compare orders versions; nil stands for the order of package advisory.
	Compare gate.Compare
	// Ended, if not nil, is called once, when nothing of the evaluation runs any more. Of one that was cancelled that may be
	// after [Bundle.Evaluate] has returned.
	Ended func()
}

// FeedFacts is what is known of the advisory data for the image's distribution.
type FeedFacts = gate.Feed

// Row is one fact that a rule fired for.
type Row struct {
	TriggerID, Gate, Trigger, Message string
	// Action of the rule; Go when an allowlist covers the row.
	Action   string
	Allowed  *AllowedBy // nil when no allowlist covers it
	PolicyID string
}

// AllowedBy names the allowlist item that covers a row; nil where the bundle gives no name or id.
type AllowedBy struct {
	Name   *string `json:"whitelist_name"`
	ID     *string `json:"whitelist_id"`
	ItemID *string `json:"matched_rule_id"`
	// Reason is the item's comment, and Until the moment from which on it allows nothing; both may be empty. The document of
	// an evaluation does not have them.
	Reason string    `json:"-"`
	Until  time.Time `json:"-"`
}

// Reasons of a final action.
const (
	ByPolicy    = "policy_evaluation"
	ByAllowlist = "whitelisted"
	ByDenylist  = "blacklisted"
)

// Evaluation is a verdict with its evidence.
type Evaluation struct {
	Account, ImageID, ImageDigest, Tag string
	// BundleID and Bundle, the document.
	BundleID string
	Bundle   json.RawMessage
	// Mapping, AllowedImage and DeniedImage are the rules that selected the image, as in the bundle; nil for none.
	Mapping, AllowedImage, DeniedImage json.RawMessage
	Rows                               []Row
	// PolicyAction is that of the policies alone.
	PolicyAction string
	FinalAction  string
	FinalReason  string // ByPolicy, ByAllowlist, ByDenylist
	Problems     []Problem
	At           time.Time
	// NextAt is the next moment at which time alone may change the verdict; zero for never.
	NextAt time.Time
	// Missed says that a rule looked at findings for which nobody has looked: the input was unmatched.
	Missed bool
	// Reproducible is false when a time limit ended a part of the evaluation.
	Reproducible bool
}

// Passed says whether the verdict lets the image through, with or without warnings.
func (e *Evaluation) Passed() bool { return e.FinalAction != Stop }
