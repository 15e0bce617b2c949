// Package advisory knows vulnerabilities: the OSV record as the one form of an advisory, the version order of each
// ecosystem, and the rule by which a record affects a package. It is pure: records and packages in, findings out.
// Feed drivers, which translate what publishers serve into records, are in advisory/feed.
package advisory

import (
	"time"

	"landwaiter.dev/image"
)

// Record is one advisory in OSV form (OSV schema 1.x), reduced to what matching, joining and showing need.
type Record struct {
	ID        string      `json:"id"`
	Aliases   []string    `json:"aliases,omitempty"`
	Upstream  []string    `json:"upstream,omitempty"`
	Related   []string    `json:"related,omitempty"`
	Published time.Time   `json:"published,omitzero"`
	Modified  time.Time   `json:"modified,omitzero"`
	Withdrawn time.Time   `json:"withdrawn,omitzero"`
	Summary   string      `json:"summary,omitempty"`
	Details   string      `json:"details,omitempty"`
	Severity  []Score     `json:"severity,omitempty"`
	Affected  []Affected  `json:"affected,omitempty"`
	Links     []Reference `json:"references,omitempty"`
	// Word is the severity word of database_specific, as written there, or the one that a bare CVSS score there means.
	Word string `json:"word,omitempty"`
	// Informational is crates.io's kind of a notice that is no vulnerability ("unmaintained", "unsound", "notice").
	Informational string `json:"informational,omitempty"`
}

// Score is a severity vector as OSV has it: Type "CVSS_V2", "CVSS_V3", "CVSS_V4" or "Ubuntu", Score the vector or word.
type Score struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

// Reference is a link with its kind ("ADVISORY", "FIX", "WEB" …).
type Reference struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

// Affected names one package and the versions of it that a record is about.
type Affected struct {
	// Ecosystem with its release where it has one: "Debian:12", "Alpine:v3.10", "PyPI".
	Ecosystem string `json:"ecosystem"`
	// Package name, normalised as [NormalizeName] does.
	Package  string   `json:"package"`
	Ranges   []Range  `json:"ranges,omitempty"`
	Versions []string `json:"versions,omitempty"`
	Severity []Score  `json:"severity,omitempty"`
	// Word is a severity or urgency word of ecosystem_specific or database_specific.
	Word string `json:"word,omitempty"`
	// State is a [FixState] that the publisher states; "" where it is derived from the ranges. An entry that states
	// "not-affected" without ranges and versions is about all versions, and spares them instead of holding them.
	State string `json:"state,omitempty"`
	// Fixes are named beside the ranges, where no range ends with a fix.
	Fixes []NamedFix `json:"fixes,omitempty"`
	// Module is "name:stream" where a record is about packages of an rpm module, several separated by commas, or
	// [UnnamedModule] where it does not say of which.
	Module string `json:"module,omitempty"`
	// Arches limits the entry to architectures; empty means all. [SourceArch] alone says that Package is a source
	// package, and that the entry is about all that is built of it.
	Arches []string `json:"arches,omitempty"`
	// Platforms are what the package must be used with for the entry to hold, one of them: "o:microsoft:windows" (part,
	// vendor and product of a CPE). Edition is the edition of it that is meant. Only NVD's configurations say such things.
	Platforms []string `json:"platforms,omitempty"`
	Edition   string   `json:"edition,omitempty"`
	// Systems are the operating systems, or where it names none the architectures, that an entry of the Go vulnerability
	// database is about alone, as Go names them: "windows", "386". The entry holds on others too; its evidence says so.
	Systems []string `json:"systems,omitempty"`
}

// UnnamedModule stands in [Affected.Module] for a module that the record does not name.
const UnnamedModule = "?"

// SourceArch is the architecture that rpm gives to source packages.
const SourceArch = "src"

// Range is a list of events in the version order of its type ("SEMVER", "ECOSYSTEM"; "GIT" ranges are dropped).
type Range struct {
	Type   string  `json:"type"`
	Events []Event `json:"events"`
}

// Event is one bound of a range; exactly one field is set.
type Event struct {
	Introduced   string `json:"introduced,omitempty"`
	Fixed        string `json:"fixed,omitempty"`
	LastAffected string `json:"last_affected,omitempty"`
	Limit        string `json:"limit,omitempty"`
	// After is an introduced that does not hold for the version itself, only for those after it. OSV has no such event,
	// and what comes next after a version cannot be named; NVD's configurations do ("versionStartExcluding").
	After string `json:"after,omitempty"`
}

// Severity in the original's words, worst last; the order of the values is the order of severity.
type Severity uint8

// The severities.
const (
	Unknown Severity = iota
	Negligible
	Low
	Medium
	High
	Critical
)

// FixState says what the publisher of an advisory does about it.
type FixState string

// The fix states. [FixUnknown]: the records name the last affected version and say nothing of a fix. Whether there is a
// later version they do not say either.
const (
	Fixed              FixState = "fixed"
	NotFixed           FixState = "not-fixed"
	FixUnknown         FixState = "unknown"
	WontFix            FixState = "wont-fix"
	NotAffected        FixState = "not-affected"
	UnderInvestigation FixState = "under-investigation"
)

// Package is a distinct package as matching sees it: what decides whether an advisory is about it, and nothing of where
// it was found. Images share it.
type Package struct {
	Type image.PackageType `json:"type"`
	// Ecosystem as OSV names it, with the release where it has one, or [EcosystemCPE]; "" when no ecosystem is known for
	// the package.
	Ecosystem string `json:"ecosystem"`
	// Namespace as in [image.Package]; in [EcosystemCPE] the names under which the package is looked up.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	Version   string `json:"version"`
	Arch      string `json:"arch,omitempty"`
	// SourceName as in [image.Package]; of a Java archive without a group what tells it: the directory of its classes and
	// "bundle:" with the name of its bundle.
	SourceName    string `json:"source_name,omitempty"`
	SourceVersion string `json:"source_version,omitempty"`
	Modularity    string `json:"modularity,omitempty"`
}

// Finding is one vulnerability of one distinct package: all records that speak of it, joined.
type Finding struct {
	// ID is the primary id: the CVE for operating-system packages, else the advisory's own; for language packages the
	// GHSA id, else the CVE, else the record's own.
	ID string `json:"id"`
	// IDs are all ids and aliases, ID included, sorted.
	IDs      []string `json:"ids"`
	Severity Severity `json:"severity"`
	// SeveritySource is the record and the kind of statement: "GHSA-…: database_specific", "ALSA-…: summary"; "" when
	// no record has any.
	SeveritySource string `json:"severity_source,omitempty"`
	// Fixes are the versions that mend it for this package's line, lowest first.
	Fixes []string `json:"fixes,omitempty"`
	State FixState `json:"state"`
	CVSS  []CVSS   `json:"cvss,omitempty"`
	Title string   `json:"title,omitempty"`
	URL   string   `json:"url,omitempty"`
	// Published is the earliest publication date of the records.
	Published time.Time `json:"published,omitzero"`
	// Informational as in [Record]; set when every record is informational.
	Informational string `json:"informational,omitempty"`
	// KnownExploited is the day ("2006-01-02") on which CISA's catalogue took up one of the ids; "" when it is not there.
	KnownExploited string `json:"known_exploited,omitempty"`
	// Evidence, one entry for each record that matched, sorted by record id.
	Evidence []Evidence `json:"evidence"`
}

// CVSS is one scored vector.
type CVSS struct {
	// Source is the id of the record that gave it, or [NVD]; what is not NVD's is the publisher's own.
	Source string `json:"source"`
	// Version is "2.0", "3.0", "3.1" or "4.0".
	Version string  `json:"version"`
	Vector  string  `json:"vector"`
	Base    float64 `json:"base"`
	// Exploitability and Impact are -1 where the version has none (4.0).
	Exploitability float64 `json:"exploitability"`
	Impact         float64 `json:"impact"`
	// ID is the CVE that NVD scored; "" when the source is another.
	ID string `json:"id,omitempty"`
}

// Evidence says why a record matched: the name it matched by, the version compared and the range that held it.
type Evidence struct {
	Record    string `json:"record"`
	Ecosystem string `json:"ecosystem"`
	// Package is the name in the record, Compared the installed version that was compared (of the source package where
	// the record is about that), Range the bound that held it in words: ">= 0, < 1.2.3", "listed" or "all versions".
	Package  string `json:"package"`
	Compared string `json:"compared"`
	Range    string `json:"range"`
	Fixed    string `json:"fixed,omitempty"`
	// State is what the record states itself of this package; "" where it only gives ranges. A record that says
	// "not-affected" is evidence against the finding.
	State FixState `json:"state,omitempty"`
	// NoFix says in one sentence why there is no Fixed though the range ends; "" where it does not, or a fix is named.
	NoFix string `json:"no_fix,omitempty"`
	// Inferred says in one sentence how the group of a Java archive was found that names none; "" where it names it.
	Inferred string `json:"inferred,omitempty"`
}

// Key is the name under which records speak of packages: a package is looked up under a few keys, a record is filed
// under all of its own.
type Key struct {
	// Ecosystem with its release, as in [Affected].
	Ecosystem string
	// Name normalised.
	Name string
}

// ImageFinding is a finding on one installed package of an image. What a rule hides stays in the list, with the reason.
type ImageFinding struct {
	Finding
	// Package as installed, and Distinct as matched.
	Package  image.Package `json:"package"`
	Distinct Package       `json:"distinct"`
	// Since is when this installation first knew this vulnerability of this package without a break; FixSince when it
	// first knew a fix. Zero when not known here.
	Since    time.Time `json:"since,omitzero"`
	FixSince time.Time `json:"fix_since,omitzero"`
	// Ignored is the rule that hides the finding, in one sentence; "" when it counts.
	Ignored string `json:"ignored,omitempty"`
	// VEX is the statement that counts for the finding, or is shown beside it; nil when there is none.
	VEX *VEX `json:"vex,omitempty"`
}

// VEX is what a VEX statement says of a finding.
type VEX struct {
	// Status is "not_affected", "affected", "fixed" or "under_investigation".
	Status string `json:"status"`
	// Justification is the form's word, Impact and Action what the author says for people.
	Justification string `json:"justification,omitempty"`
	Impact        string `json:"impact,omitempty"`
	Action        string `json:"action,omitempty"`
	// Document and Author as the document says; Ref is the id under which it is kept here, or the name of its file.
	Document string    `json:"document_id,omitempty"`
	Author   string    `json:"author,omitempty"`
	Ref      string    `json:"vex_id,omitempty"`
	At       time.Time `json:"timestamp,omitzero"`
	// Unverified says that nobody vouches for the statement, so that it hides nothing.
	Unverified bool `json:"unverified,omitempty"`
	// SignedBy are the names, in the settings, of those who verifiably signed the document.
	SignedBy []string `json:"signed_by,omitempty"`
}
