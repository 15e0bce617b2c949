package engine

import (
	"encoding/json"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// AddImage asks for an image to be known and analysed.
type AddImage struct {
	// Reference names it by tag, or by tag and digest: then exactly this digest is analysed and listed under the tag.
	Reference image.Reference
	// CreatedAt places a tag and digest in the tag's history; zero means now.
	CreatedAt time.Time
	// Dockerfile as the user gave it, decoded; nil when none was given.
	Dockerfile *string
	// Annotations to merge; a nil value removes the key.
	Annotations map[string]*string
	// Force analyses again what is known. Autosubscribe watches the tag.
	Force, Autosubscribe bool
}

// ImageFilter narrows a list of images.
type ImageFilter struct {
	// FullTag is a tag, a short reference, "repo@digest" or a hexadecimal image id; "" means all.
	FullTag string
	// History asks for all images that ever had the tag, not only the newest.
	History bool
	// State is "active" (also ""), "deleting" or "all".
	State string
	// Status of the analysis; "" means any.
	Status store.AnalysisStatus
}

// Deletion is the outcome of deleting one image, in the words of /v1.
type Deletion struct {
	Digest string
	Status string // deleting, not_found, delete_failed
	Detail string // "" when accepted
}

// Analyzed is an analysed image.
type Analyzed struct {
	Image    store.Image
	Analysis *image.Analysis
	// Document is the digest of the analysis document.
	Document image.Digest
	// Dockerfile as given, else as guessed; Mode is "Actual" or "Guessed".
	Dockerfile, Mode string
	// Lineage is what is known of the image below; set by [Content.Analyzed].
	Lineage Lineage
}

// Moment asks for what was known here at a time. The zero value means now.
type Moment struct {
	At time.Time
	// Retrospective asks what the data of At would have said about an image that was not known here then.
	Retrospective bool
}

// Vulnerabilities of an image at a moment.
type Vulnerabilities struct {
	Image    store.Image
	Findings []advisory.ImageFinding // hidden ones included, with their reason
	Gaps     []image.Gap             // ecosystems without data, versions not understood, …
	Revision int64                   // of the feeds that answered
	AsOf     time.Time
	// Base is the image that brought the packages of the lowest layers, as known now; nil when none is.
	Base *image.KnownBase
	// Scores are those of EPSS by CVE, of the day of AsOf or the newest before it, as far as known then.
	Scores map[string]store.EPSS
	// VEX are the documents in force, those that stand for a failure included; VEXUnmatched their statements that matched
	// nothing.
	VEX          []store.VEX
	VEXUnmatched []vex.Unmatched
}

// EPSSOf is the highest score of a finding's CVEs; nil when none has one.
func (v *Vulnerabilities) EPSSOf(f *advisory.Finding) *store.EPSS { return highest(v.Scores, f.IDs) }

// CheckRequest asks for evaluations of an image.
type CheckRequest struct {
	Digest image.Digest
	// Tag to evaluate for, a full or short reference; it need not be a tag of the image.
	Tag string
	// PolicyID, or "" for the active bundle.
	PolicyID string
	// History asks for all stored evaluations as well, newest first. Interactive evaluates without storing.
	History, Interactive bool
	Moment               Moment
}

// Check is the answer to a [CheckRequest].
type Check struct {
	Image       store.Image
	FullTag     string
	Evaluations []CheckedEvaluation
	Revision    int64
	AsOf        time.Time
}

// CheckedEvaluation is one verdict with its evidence.
type CheckedEvaluation struct {
	PolicyID    string
	FinalAction string // go, warn, stop
	EvaluatedAt time.Time
	// Document is the evaluation document, Bundle the bundle as it came.
	Document json.RawMessage
	Bundle   json.RawMessage
	// Header is the stored record; its ID is 0 when the evaluation was interactive.
	Header store.Evaluation
}

// PutRegistry stores credentials.
type PutRegistry struct {
	Registry, Name, Type, User string
	Password                   string
	Verify                     bool // TLS
	// Validate logs in before anything is stored.
	Validate bool
}

// PutSubscription creates or changes a subscription; nil fields stay.
type PutSubscription struct {
	Type, Key string
	Value     *string
	Active    *bool
}

// FeedState is one feed with its groups, as /v1 shows it.
type FeedState struct {
	Name         string
	Enabled      bool
	CreatedAt    time.Time
	UpdatedAt    time.Time
	LastFullSync time.Time // zero until every enabled group has loaded
	Groups       []store.FeedGroup
	// Sources that failed when they were last asked: a folder of records, kev, epss, or osv for all folders.
	Failing  []FailingSource
	Revision int64
	// Archive is the file that was imported last; nil when none ever was.
	Archive *ArchiveState
	// Archives are the files that the groups' data was imported from, by group, with their days; several with commas between.
	Archives map[string]string
	// Sources are all parts of all sources that were asked, by name.
	Sources []FeedSource
	Sync    SyncProgress
}

// FeedSource is one part of a source of advisory data, with its last state.
type FeedSource struct {
	// Name of the part, Driver that reads it.
	Name, Driver          string
	LastSync, LastAttempt time.Time // zero when never
	// Records that it has, and Ungrouped those of them that are in no group, because they name no package of its ecosystem.
	Records, Ungrouped int64
	Error              string
	// Held says that it lost more than half and waits for a sync that accepts that.
	Held bool
	// Skipped entries, and the first of them in words.
	Skipped  int
	Problems []string
	// Archive names the file that the part was imported from, and its day; "" when it came from its source.
	Archive string
	// Off says that the settings set the source to none, so that nothing of the part counts.
	Off bool
}

// FailingSource is a source of advisory data that could not be used; its former data, if any, stays in force.
type FailingSource struct {
	Name     string
	LastSync time.Time // zero when it was never loaded
	Error    string
	Held     bool // lost more than half
}

// SyncRequest asks for a feed sync.
type SyncRequest struct {
	// Flush forgets conditional state and stages everything anew. AcceptShrink lets a feed lose more than half.
	Flush, AcceptShrink bool
	// Wait answers when the sync has ended; else at once.
	Wait bool
}

// SyncResult is what one feed did.
type SyncResult struct {
	Feed    string
	OK      bool
	Seconds float64
	Groups  []SyncedGroup
}

// SyncedGroup is what one group of a feed did.
type SyncedGroup struct {
	Group    string
	OK       bool
	Error    string
	Seconds  float64
	Records  int // changed
	Images   int // concerned
	Problems []string
	// Held says that the source lost more than half and waits for a sync that accepts that.
	Held bool
}

// Service is one row of /system: a role of a node under its original name.
type Service struct {
	Name, HostID, BaseURL, Version string
	Up                             bool
	Message                        string
	Heartbeat                      time.Time
}

// Caller is who asks.
type Caller struct {
	User store.User
	// Account is the one that the request works in.
	Account store.Account
	// Admin is set for users of the admin account.
	Admin bool
}
