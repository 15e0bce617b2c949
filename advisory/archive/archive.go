// Package archive packs all advisory data of an installation into one file, and reads it where there is no network.
//
// A file of version 1 is, in this order:
//
//	landwaiter-feeds 1            and a newline
//	sections                      one zstd frame each, of JSON values, one a line: advisories of one part, the catalogue of
//	                              exploited vulnerabilities, or scores
//	directory                     JSON, see [Contents]: where each section is, how many rows it has, and its SHA-256
//	size of the directory         8 bytes, the highest first
//	SHA-256 of all before it      32 bytes
//	public key of the signer      32 bytes of Ed25519, zero when nobody signed
//	signature                     64 bytes, over "landwaiter-feeds 1\n" and the SHA-256; zero when nobody signed
//	LWFEEDS and a newline         8 bytes: what lacks them is cut off
//
// A file is checked as a whole, signature included, before anything in it is decompressed. Sections are read one by one
// and row by row, within bounds: a file may come from anywhere, and who may pass on unsigned ones decides elsewhere.
package archive

import "time"

const (
	magic = "landwaiter-feeds 1\n"
	name  = "landwaiter-feeds "
	last  = "LWFEEDS\n"
	// tail is what follows the directory.
	tail = 8 + 32 + 32 + 64 + len(last)
)

// Limits of a file, far above what all publishers together fill.
const (
	// MaxSize of a file, in bytes.
	MaxSize      = 4 << 30
	maxDirectory = 16 << 20
	maxSections  = 20_000
	maxRows      = 4_000_000 // of a section
	maxRow       = 8 << 20   // bytes of one
	maxUnpacked  = 16 << 30  // bytes of a section
	maxWindow    = 8 << 20   // bytes that a section's decompression looks back
	maxName      = 200       // bytes of the name of a part
)

// The kinds of sections.
const (
	// Records are advisories of one part, as [advisory.Record] in JSON.
	Records = "records"
	// Exploited are rows {"cve", "added"} of the catalogue of exploited vulnerabilities.
	Exploited = "exploited"
	// Scores are rows {"cve", "epss", "percentile"} of one day.
	Scores = "scores"
)

// Contents is the directory of a file.
type Contents struct {
	// MadeAt is when, MadeBy by which version of the program it was made.
	MadeAt time.Time `json:"made_at"`
	MadeBy string    `json:"made_by"`
	// Revision that was in force there, since SwitchedAt.
	Revision   int64     `json:"revision"`
	SwitchedAt time.Time `json:"switched_at,omitzero"`
	Sections   []Section `json:"sections"`
	Groups     []Group   `json:"groups,omitempty"`
}

// Section is a part of a file.
type Section struct {
	Kind string `json:"kind"`
	// Part under which the records are kept: "Debian", "alpine/v3.18/main"; "" for other kinds.
	Part string `json:"part,omitempty"`
	// SyncedAt is when the data last came from its publisher; zero when that is not known.
	SyncedAt time.Time `json:"synced_at,omitzero"`
	// Day ("2006-01-02") of scores.
	Day string `json:"day,omitempty"`
	// Offset and Size in the file, in bytes; SHA256 of those in hex; Rows that they hold.
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Rows   int64  `json:"rows"`
}

// Group is a group of a feed as the installation listed it, for people.
type Group struct {
	Group     string    `json:"group"`
	Ecosystem string    `json:"ecosystem"`
	Records   int64     `json:"records"`
	LastSync  time.Time `json:"last_sync,omitzero"`
}

// Rows counts the rows of all sections of a kind.
func (c *Contents) Rows(kind string) int64 {
	var n int64
	for i := range c.Sections {
		if c.Sections[i].Kind == kind {
			n += c.Sections[i].Rows
		}
	}
	return n
}

// row is one line of a section that is no record.
type row struct {
	CVE        string  `json:"cve"`
	Added      string  `json:"added,omitempty"`
	Due        string  `json:"due,omitempty"`
	Ransomware bool    `json:"ransomware,omitempty"`
	EPSS       float64 `json:"epss,omitempty"`
	Percentile float64 `json:"percentile,omitempty"`
}

// knownID reads the id alone of what may be no record.
type knownID struct {
	ID string `json:"id"`
}
