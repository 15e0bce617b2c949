// Package store keeps: accounts, images and their tags, layer reports, analyses, packages, advisories, matches as
// intervals, policies, evaluations, subscriptions, notices and nodes, in SQLite or PostgreSQL, and blobs beside them.
// It is the only package that knows SQL. It decides nothing: what a record means is the business of who asks.
package store

import (
	"encoding/json"
	"errors"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// Errors that callers branch on.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("already exists")
	ErrConflict = errors.New("conflicts with the present state")
)

// AdminAccount exists from the first start on.
const AdminAccount = "admin"

// User signs in; it belongs to one account.
type User struct {
	Username     string
	Account      string
	UUID         string
	PasswordHash string // argon2id, PHC string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Account owns images, policies, registries and subscriptions.
type Account struct {
	Name      string
	Type      string // admin, user, service
	State     string // enabled, disabled, deleting
	Email     string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// AnalysisStatus is the life of an image's analysis, in the original's words.
type AnalysisStatus string

// The states of an image's analysis.
const (
	NotAnalyzed    AnalysisStatus = "not_analyzed"
	Analyzing      AnalysisStatus = "analyzing"
	Analyzed       AnalysisStatus = "analyzed"
	AnalysisFailed AnalysisStatus = "analysis_failed"
)

// Image is an image as one account knows it.
type Image struct {
	ID           int64 // of the record, internal
	Account      string
	Digest       image.Digest
	ParentDigest image.Digest // of the index; equal to Digest when there was none
	ImageID      image.Digest // of the config; "" until the config was read
	Status       AnalysisStatus
	// State is "active" or "deleting".
	State string
	// Error is the reason of a failed analysis, one sentence; ErrorCode its stable code.
	Error, ErrorCode string
	CreatedAt        time.Time
	UpdatedAt        time.Time
	AnalyzedAt       time.Time // zero until analysed
	AnalysisID       int64     // 0 until analysed
	Annotations      map[string]string
	// Dockerfile as the user gave it; "" when none was given. Lists leave it out; DockerfileDigest is always there.
	Dockerfile       string
	DockerfileDigest image.Digest
	// ManifestBlob and ParentBlob are the manifest and the index as they came, in the blobs; "" when not kept.
	ManifestBlob, ParentBlob image.Digest
	// Facts copied from the analysis for lists; zero until analysed.
	Distro, DistroVersion, Architecture string
	Size                                int64
	LayerCount                          int
	// Tags in force or once in force, newest first. Filled by reads that say so.
	Tags []Tag
}

// Tag says that a tag pointed at an image from DetectedAt on.
type Tag struct {
	Registry, Repository, Tag string
	Digest                    image.Digest
	DetectedAt                time.Time
	// Current is false once the tag has moved on.
	Current bool
}

// FullTag is "registry/repository:tag".
func (t Tag) FullTag() string { return t.Registry + "/" + t.Repository + ":" + t.Tag }

// Registry holds the credentials of one account for a registry or a part of it ("host/team/*").
type Registry struct {
	Account              string
	Registry, Name, Type string // Type: docker_v2, awsecr
	User                 string
	Secret               []byte // encrypted
	Verify               bool   // TLS
	CreatedAt, UpdatedAt time.Time
}

// Subscription asks for notices of one type about one key (a full tag or repository).
type Subscription struct {
	ID                   string // 32 hexadecimal digits
	Account              string
	Type, Key            string
	Value                string // JSON text or ""
	Active               bool
	CreatedAt, UpdatedAt time.Time
}

// Policy is the newest version of a bundle with its place in the account.
type Policy struct {
	Account               string
	ID, Name, Description string
	Source                string // "local"
	Active                bool
	Digest                image.Digest // of Document
	Document              json.RawMessage
	CreatedAt, UpdatedAt  time.Time
}

// Evaluation is the stored header of a verdict with the digests of its inputs.
type Evaluation struct {
	ID               int64
	Account          string
	ImageID          int64
	ImageDigest      image.Digest
	Tag              string
	PolicyID         string
	BundleDigest     image.Digest
	AnalysisID       int64
	DockerfileDigest image.Digest // "" when none was given
	// VEXDigest is that of the list of VEX documents that were in force, which is in the blobs; "" when there were none.
	VEXDigest image.Digest
	// AnalysisDigest is that of the analysis document. Facts are, as a JSON object, the inputs that no digest stands for; ""
	// of evaluations that are older than this.
	AnalysisDigest image.Digest
	Facts          string
	// Waits are the ecosystems of which there was no data, or too old data, for this verdict.
	Waits        []string
	FeedRevision int64
	EvaluatedAt  time.Time
	FinalAction  string // go, warn, stop
	FinalReason  string // policy_evaluation, whitelisted, blacklisted
	// Reason it was run: "requested", "analysis", "feed", "bundle", "tag", "time", "vex", "data"; "feed disabled", "feed enabled" and
	// "feed deleted" tell nobody.
	Reason string
	// Result is the digest of the stored evaluation document.
	Result image.Digest
	// NextAt is the next moment at which time alone may change the verdict; zero when never.
	NextAt time.Time
	// Reproducible is false when a time limit ended a rule.
	Reproducible bool
	// RowsGone is set once the retention time has taken the document behind Result.
	RowsGone bool
}

// FeedGroup is one group of a feed on /v1 with the state of its last sync.
type FeedGroup struct {
	Feed, Group, Ecosystem string
	Enabled                bool
	CreatedAt, UpdatedAt   time.Time
	LastSync               time.Time // zero until loaded
	LastAttempt            time.Time
	LastError              string
	Records                int64
	// Problems lists records that were refused, capped.
	Problems []string
	// Conditional state of the source ("ETag" or file fingerprint).
	Fingerprint string
}

// Revision is one state of all advisory data; numbers grow by one.
type Revision struct {
	ID         int64
	SwitchedAt time.Time
	Reason     string
}

// Match is a finding on a distinct package with its life in revisions: from From until To, or still open when To is 0.
type Match struct {
	ID        int64
	PackageID int64
	Finding   advisory.Finding
	From, To  int64
	// Since is when the first of the unbroken run of intervals of this vulnerability on this package began.
	Since time.Time
	// FixSince is when a fix was first known in that run; zero when none is.
	FixSince time.Time
	// CloseReason of a closed interval: "advisory", "disabled", "deleted"
	CloseReason string
}

// Node is one process that does work.
type Node struct {
	HostID      string
	Roles       []string
	BaseURL     string
	Version     string
	StartedAt   time.Time
	HeartbeatAt time.Time
}

// Notice is one change to tell.
type Notice struct {
	ID        string // uuid, the same over all tries
	Account   string
	Type      string // tag_update, vuln_update, policy_eval, analysis_update
	Key       string
	Payload   json.RawMessage
	CreatedAt time.Time
	State     string // pending, delivered, failed, not_configured
	Attempts  int
	LastError string
}
