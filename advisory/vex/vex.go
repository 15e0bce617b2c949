// Package vex reads what publishers say about the exploitability of vulnerabilities in their products (VEX) and lays it
// on the findings of an image.
//
// [Parse] reads a document of any form into statements, one noun for all forms; one form a file, listed in [Formats].
// [Apply] lays documents on findings: what a statement calls not affected or fixed is ignored, with the statement as the
// reason, and stays in the list; other statements are only shown. [Unwrap] takes a document out of an attestation.
//
// Documents come from anybody. They are bounded in size, depth and number of values before they are taken apart; a
// statement that cannot be used is a problem beside which the others count, and never hides anything. No signature is
// verified here: who lays a document on findings says whether it counts ([Attached.Counts]).
//
// To add a form: write NAME.go with its reader, tests with a real sample, and add it to the table in parse.go.
package vex

import (
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"landwaiter.dev/image"
)

// Status is what a statement says of a vulnerability in a product, in OpenVEX's words.
type Status string

// The statuses.
const (
	NotAffected        Status = "not_affected"
	Affected           Status = "affected"
	Fixed              Status = "fixed"
	UnderInvestigation Status = "under_investigation"
)

// hides says whether a finding with this status needs nobody's attention.
func (s Status) hides() bool { return s == NotAffected || s == Fixed }

// Document is a VEX document as it was read.
type Document struct {
	// Format is the name of its form, as in [Formats].
	Format string `json:"format"`
	// ID and Author as the document says, in one line; "" when it does not.
	ID     string `json:"document_id,omitempty"`
	Author string `json:"author,omitempty"`
	// At is when it was issued; zero when it does not say.
	At         time.Time   `json:"timestamp,omitzero"`
	Statements []Statement `json:"statements"`
	// Problems name what could not be used of it, one sentence each.
	Problems []string `json:"problems,omitempty"`
}

// Statement says one thing about one vulnerability.
type Statement struct {
	// IDs are the names of the vulnerability, the main one first.
	IDs []string `json:"vulnerability"`
	// Products that it is about. None means whatever the document is attached to.
	Products []Product `json:"products,omitempty"`
	Status   Status    `json:"status"`
	// Justification is the form's word for why something is not affected.
	Justification string `json:"justification,omitempty"`
	// Impact and Action are what the author says for people: why it is not affected, what to do where it is.
	Impact string `json:"impact,omitempty"`
	Action string `json:"action,omitempty"`
	// At is when it was true; zero when the document does not say.
	At time.Time `json:"timestamp,omitzero"`
}

// Product is a thing that ships; with subcomponents the statement is about these in it, and not about the rest.
type Product struct {
	Component
	Subcomponents []Component `json:"subcomponents,omitempty"`
}

// Component names a piece of software in one or more ways.
type Component struct {
	PURLs []string `json:"purls,omitempty"`
	// Digests are SHA-256 digests.
	Digests []image.Digest `json:"digests,omitempty"`
	// Names are all other names: repositories, references, IRIs, CPEs, names for people.
	Names []string `json:"names,omitempty"`
	// Versions narrows PURLs, which have none then, to a range of versions, in the notation of package URLs ("vers:").
	Versions string `json:"versions,omitempty"`

	// What the names mean, read once.
	purls  []packageurl.PackageURL
	refs   []reference
	within *versRange // nil for all
}

// add files one name under what it is. A text that is no name at all changes nothing.
func (c *Component) add(name string) {
	name = line(name)
	switch {
	case name == "" || len(name) > image.MaxPURL:
	case strings.HasPrefix(name, "pkg:"):
		c.PURLs = append(c.PURLs, name)
		if p, err := packageurl.FromString(name); err == nil {
			c.purls = append(c.purls, p)
		}
	default:
		if d, err := image.ParseDigest(name); err == nil {
			c.Digests = append(c.Digests, d)
			return
		}
		c.Names = append(c.Names, name)
		if r, ok := readReference(name); ok {
			c.refs = append(c.refs, r)
		}
	}
}

// hash files a hash of a form that has one field for the algorithm.
func (c *Component) hash(algorithm, value string) {
	switch strings.ToLower(algorithm) {
	case "sha-256", "sha256":
		c.add("sha256:" + strings.ToLower(value))
	}
}

func (c *Component) empty() bool { return len(c.PURLs)+len(c.Digests)+len(c.Names) == 0 }

// String is the best name for people.
func (c *Component) String() string {
	switch {
	case len(c.PURLs) > 0 && c.Versions != "":
		return c.PURLs[0] + " " + c.Versions
	case len(c.PURLs) > 0:
		return c.PURLs[0]
	case len(c.Names) > 0:
		return c.Names[0]
	case len(c.Digests) > 0:
		return string(c.Digests[0])
	}
	return ""
}

// line is a text in one line.
func line(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}
