// Package notify tells: it has the payload of each kind of notice, in the shapes that receivers of the /v1 API know, and
// the channels that carry them. It decides nothing: what changed and who must know is the engine's business.
//
// One change is one notice with one id; a receiver that sees an id twice (an answer was lost) may drop the second.
package notify

import (
	"encoding/json"
	"time"
)

// The types of notices, which are those of subscriptions.
const (
	TagUpdate      = "tag_update"
	VulnUpdate     = "vuln_update"
	PolicyEval     = "policy_eval"
	AnalysisUpdate = "analysis_update"
)

// Types lists every type of notice.
func Types() []string { return []string{TagUpdate, VulnUpdate, PolicyEval, AnalysisUpdate} }

// Payload is what one notice says. Fields of other types are left out.
type Payload struct {
	UserID           string            `json:"userId"`
	NotificationID   string            `json:"notificationId"`
	SubscriptionKey  string            `json:"subscription_key"`
	SubscriptionType string            `json:"subscription_type"`
	Annotations      map[string]string `json:"annotations,omitempty"`
	// Last and Current are lists of digests (tag_update), evaluation documents (policy_eval) or states of an analysis.
	Last    any `json:"last_eval,omitempty"`
	Current any `json:"curr_eval,omitempty"`
	// ImageDigest and Diff belong to vuln_update.
	ImageDigest string    `json:"imageDigest,omitempty"`
	Diff        *VulnDiff `json:"diff_vulnerability_result,omitempty"`
}

// AnalysisState is one side of an analysis_update.
type AnalysisState struct {
	ImageDigest    string            `json:"imageDigest"`
	AnalysisStatus string            `json:"analysis_status"`
	Annotations    map[string]string `json:"annotations"`
	// Error says why an analysis failed.
	Error string `json:"error,omitempty"`
}

// VulnDiff is how the vulnerability list of a tag changed.
type VulnDiff struct {
	Added   []VulnRow `json:"added"`
	Updated []VulnRow `json:"updated"`
	Removed []VulnRow `json:"removed"`
}

// VulnRow is one vulnerability of one package.
type VulnRow struct {
	ID             string `json:"CVE_ID"`
	Severity       string `json:"Severity"`
	Package        string `json:"Vulnerable_Package"`
	Fix            string `json:"Fix_Available"` // comma-joined, or "None"
	URL            string `json:"URL"`
	PackageName    string `json:"Package_Name"`
	PackageVersion string `json:"Package_Version"`
	PackageType    string `json:"Package_Type"`
	PackagePath    string `json:"Package_Path,omitempty"`
	Feed           string `json:"Feed"`
	FeedGroup      string `json:"Feed_Group"`
	// KnownExploited is the day on which the vulnerability was listed as exploited.
	KnownExploited string `json:"Known_Exploited,omitempty"`
}

// key is what makes two rows the same vulnerability of the same package.
type key struct{ id, group, name, version, kind, path string }

func (r VulnRow) key() key {
	return key{r.ID, r.FeedGroup, r.PackageName, r.PackageVersion, r.PackageType, r.PackagePath}
}

// Diff compares two lists; it is nil when nothing changed. The order follows the lists.
func Diff(last, current []VulnRow) *VulnDiff {
	d := VulnDiff{Added: []VulnRow{}, Updated: []VulnRow{}, Removed: []VulnRow{}}
	before := make(map[key]VulnRow, len(last))
	for _, r := range last {
		before[r.key()] = r
	}
	now := make(map[key]bool, len(current))
	for _, r := range current {
		if now[r.key()] {
			continue
		}
		now[r.key()] = true
		switch old, known := before[r.key()]; {
		case !known:
			d.Added = append(d.Added, r)
		case old != r:
			d.Updated = append(d.Updated, r)
		}
	}
	for _, r := range last {
		if !now[r.key()] {
			now[r.key()] = true
			d.Removed = append(d.Removed, r)
		}
	}
	if len(d.Added)+len(d.Updated)+len(d.Removed) == 0 {
		return nil
	}
	return &d
}

// Message is a notice on its way.
type Message struct {
	ID, Account, Email, Type, Key string
	Payload                       json.RawMessage
	CreatedAt                     time.Time
	// Attempt counts from 1.
	Attempt, MaxAttempts int
}

// body is the document that receivers of the /v1 API know around the payload.
func (m Message) body() ([]byte, error) {
	return json.Marshal(map[string]any{
		"queueId": m.Type, "userId": m.Account, "dataId": m.ID,
		"created_at": m.CreatedAt.Unix(), "last_updated": m.CreatedAt.Unix(),
		"record_state_key": "active", "record_state_val": nil,
		"tries": m.Attempt - 1, "max_tries": m.MaxAttempts,
		"data": map[string]any{
			"notification_user": m.Account, "notification_user_email": m.Email,
			"notification_type": m.Type, "notification_payload": m.Payload,
		},
	})
}
