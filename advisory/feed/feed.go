// Package feed reads what publishers of advisory data serve and translates it, at the border, into the one form of
// package advisory: OSV bundles into records, CISA's catalogue into days, the EPSS file into scores.
//
// The drivers, one file each, only parse: fetching, conditional requests, staging and the rule that holds back a feed
// which lost more than half are the engine's. What they read may be anything that a broken mirror serves: each reader
// is bounded in time and memory, never uses a name as a path, and tells two kinds of trouble apart. A [Problem] is one
// entry that was skipped or taken with a doubt; the rest counts. A [Refused] is a file of which nothing may be used:
// what was yielded before it is to be thrown away.
//
// How a driver reads has a number, [Driver.Reader]. Records are stored as they were read; when a later version of the program
// reads more of the same file, the next sync reads it again.
//
// To add a driver: write NAME.go with its reader, a test with a fixture and a hostile one, a fuzz target, and add it to
// [Drivers].
package feed

import (
	"context"
	"fmt"
	"io"
	"iter"

	"landwaiter.dev/advisory"
)

// RecordRevision numbers the form of all records: it goes up by one whenever [advisory.Record] takes up more of what every
// driver could read. 1 is that of the first version that kept numbers.
const RecordRevision = 1

// Driver is one source of advisory data. Exactly one of Records, Exploited and Scores is set.
type Driver struct {
	// Name as settings and messages have it: the setting of "osv" is LANDWAITER_FEEDS_OSV.
	Name string
	// Doc is one sentence for the list of feeds.
	Doc string
	// Source is where the publisher serves it: the root of what [Driver.Parts] names, else the file.
	Source string
	// On says that it is asked unless switched off; others are asked when they are configured.
	On bool
	// Revision goes up by one whenever the driver makes something else of the same bytes.
	Revision int
	// Parts names the files to read for the ecosystems wanted ("Debian:12", "PyPI"; nil means all that the source has).
	// It may read small index files through the lister. Nil where the source is one file: one part with the driver's name.
	Parts func(ctx context.Context, l Lister, ecosystems []string) ([]Part, error)
	// Records reads one part, record by record.
	Records func(r io.ReaderAt, size int64, part string) iter.Seq2[*advisory.Record, error]
	// Exploited reads a catalogue of known exploited vulnerabilities.
	Exploited func(r io.Reader) (*Catalog, error)
	// Scores reads a file of exploit predictions.
	Scores func(r io.Reader) iter.Seq2[Score, error]
}

// Reader numbers how the driver reads: what was read with a lower number is read again though its source is unchanged.
func (d *Driver) Reader() int { return RecordRevision + d.Revision }

// Part is one file of a source. What it holds is staged, held back and taken back as one.
type Part struct {
	// Name under which its records are kept, unique over all drivers: OSV's folder ("Debian") for OSV, else the driver's
	// name, with what tells its parts apart after a slash ("nvd/2024", "alpine/v3.18/main").
	Name string
	// Path below the source, slashes between its elements; "" when the source itself is the file.
	Path string
	// SHA256 of the file in hex where the publisher names it; "" where not.
	SHA256 string
}

// Lister looks at a source, which is a URL or a directory that mirrors it.
type Lister interface {
	// Read gives a small file below the source; more than limit bytes are an error, what is not there wraps fs.ErrNotExist.
	Read(ctx context.Context, path string, limit int64) ([]byte, error)
	// List names the entries of a directory below the source; a URL cannot be listed: [errors.ErrUnsupported].
	List(ctx context.Context, dir string) ([]string, error)
}

// Drivers lists all drivers.
func Drivers() []Driver {
	return []Driver{
		{
			Name: "osv", Doc: "Advisories of all ecosystems as OSV exports them.", On: true,
			Source: "https://osv-vulnerabilities.storage.googleapis.com",
			Parts:  osvParts, Records: ReadOSV, Revision: 1, // 1: fixes that are named beside the ranges
		},
		{
			Name: "kev", Doc: "CISA's catalogue of known exploited vulnerabilities.", On: true,
			Source:    "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
			Exploited: ReadKEV,
		},
		{
			Name: "debian", Doc: "What Debian's security tracker says of each release, fixed or not.",
			Source:  "https://security-tracker.debian.org/tracker/data/json",
			Records: ReadDebian,
		},
		{
			Name: "alpine", Doc: "Alpine's own list of fixes.",
			Source: "https://secdb.alpinelinux.org",
			Parts:  alpineParts, Records: ReadAlpine,
		},
		{
			Name: "alas", Doc: "Advisories of Amazon Linux.",
			Source: "https://cdn.amazonlinux.com",
			Parts:  alasParts, Records: ReadALAS,
		},
		{
			Name: "oracle", Doc: "Advisories of Oracle Linux.",
			Source:  "https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2",
			Records: ReadOracle,
		},
		{
			Name: "nvd", Doc: "NVD's scores and descriptions of CVEs, and what it says of programs that are known by CPE.",
			Source: "https://nvd.nist.gov/feeds/json/cve/2.0", Parts: nvdParts, Records: ReadNVD,
		},
		{
			Name: "epss", Doc: "FIRST's daily exploit prediction scores.", On: true,
			Source: "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
			Scores: ReadEPSS,
		},
		{
			Name: "redhat", Doc: "What Red Hat says of each CVE in its own packages, as CSAF VEX documents.",
			Source: "https://security.access.redhat.com/data/csaf/v2/vex",
			Parts:  redHatParts, Records: ReadRedHat,
		},
		{
			Name: "ubuntu", Doc: "States of Ubuntu's packages that OSV lacks, as OpenVEX documents.",
			Source: "https://security-metadata.canonical.com/vex",
			Parts:  ubuntuParts, Records: ReadUbuntu,
		},
		{
			Name: "grypedb", Doc: "Grype's database, schema 6: another source of all advisories.",
			Source: "https://grype.anchore.io/databases/v6",
			Parts:  grypeParts, Records: ReadGrypeDB,
		},
	}
}

// Problem is one entry that was skipped, or taken with a doubt. It is an error beside which reading goes on.
type Problem struct {
	// Entry names it: the file in the bundle, the line, the CVE.
	Entry string
	// Reason in words.
	Reason string
}

func (p *Problem) Error() string { return fmt.Sprintf("%.120q: %s", p.Entry, p.Reason) }

// Refused says that nothing of a file may be used. Reading has ended.
type Refused struct {
	// File is what was read: "npm/all.zip", "the KEV catalogue".
	File string
	// Reason in words, with what to do where something can be done.
	Reason string
}

func (r *Refused) Error() string { return r.File + " was refused: " + r.Reason }
