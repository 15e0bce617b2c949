package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"regexp"
	"slices"
	"strings"

	"landwaiter.dev/advisory"
)

const (
	redHatPart = "redhat/vex"
	// redHatID comes before the CVE in the ids of records, which are about what Red Hat says of it.
	redHatID = "REDHAT-"
)

var (
	redHatArchive = regexp.MustCompile(`^csaf_vex_\d{4}-\d{2}-\d{2}\.tar\.zst$`)
	hexDigest     = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// redHatParts names the archive that archive_latest.txt speaks of. Its checksum is taken where one stands beside it.
func redHatParts(ctx context.Context, l Lister, ecosystems []string) ([]Part, error) {
	if !wants(ecosystems, "Red Hat") {
		return nil, nil
	}
	text, err := l.Read(ctx, "archive_latest.txt", maxIndex)
	if err != nil {
		return nil, fmt.Errorf("the name of the latest archive of Red Hat: %w", err)
	}
	name := strings.TrimSpace(string(text))
	if !redHatArchive.MatchString(name) {
		return nil, fmt.Errorf("archive_latest.txt names %.80q, which is no archive of Red Hat's VEX documents", name)
	}
	part := Part{Name: redHatPart, Path: name}
	switch sum, err := l.Read(ctx, name+".sha256", maxIndex); {
	case err == nil:
		if first, _, _ := strings.Cut(strings.TrimSpace(string(sum)), " "); hexDigest.MatchString(first) {
			part.SHA256 = first
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the checksum of %s: %w", name, err)
	}
	return []Part{part}, nil
}

// wants says whether a folder is among the ecosystems wanted; nil means all.
func wants(ecosystems []string, folder string) bool {
	return ecosystems == nil || slices.ContainsFunc(ecosystems, func(e string) bool { return advisory.FolderOf(e) == folder })
}

// ReadRedHat reads Red Hat's archive of CSAF VEX documents, one for each CVE, and yields a record for each that speaks of
// packages of Red Hat Enterprise Linux: which are fixed and in which version, which are affected, which are not, and
// which are looked at still. What it says of other products and of extended support is left out: no image can be told to
// be one of them.
func ReadRedHat(r io.ReaderAt, size int64, part string) iter.Seq2[*advisory.Record, error] {
	wanted := func(name string) bool { return strings.HasSuffix(name, ".json") }
	return readVEX(r, size, part, redHatID, wanted, redHatRecord)
}

// readVEX reads an archive of documents of which each is about one CVE and makes one record or none. An archive that
// yields neither record nor problem is refused. A [*Problem] names the id that the record has, or would have: CVE-… in
// the name of the file tells it.
func readVEX(r io.ReaderAt, size int64, part, prefix string, want func(name string) bool, parse func([]byte) (*advisory.Record, error)) iter.Seq2[*advisory.Record, error] {
	return func(yield func(*advisory.Record, error) bool) {
		documents, any := 0, false
		for f, err := range archive(io.NewSectionReader(r, 0, size), part, maxVEX, want) {
			var refused *Refused
			if errors.As(err, &refused) {
				yield(nil, err)
				return
			}
			documents++
			id := prefix + strings.ToUpper(strings.TrimSuffix(path.Base(f.name), ".json"))
			var record *advisory.Record
			if problem, ok := errors.AsType[*Problem](err); ok {
				err = &Problem{id, problem.Reason}
			} else if record, err = parse(f.data); err != nil {
				reason := err.Error() + "; skipped"
				if record != nil {
					id, reason = record.ID, err.Error()+"; the rest is taken"
				}
				err = &Problem{id, reason}
			}
			if record == nil && err == nil {
				any = true // of another product
				continue
			}
			any = any || record != nil
			if !yield(record, err) {
				return
			}
		}
		if !any {
			yield(nil, &Refused{part, fmt.Sprintf("there is no document that can be read among its %d", documents)})
		}
	}
}

// redHatRecord translates one document; nil without error when it speaks of no package of Red Hat Enterprise Linux.
func redHatRecord(data []byte) (*advisory.Record, error) {
	d, err := readCSAF(data)
	if err != nil {
		return nil, err
	}
	v := &d.Vulnerabilities[0]
	if !cvePattern.MatchString(v.CVE) {
		return nil, fmt.Errorf("%.40q is no CVE", v.CVE)
	}
	products, err := d.products()
	if err != nil {
		return nil, err
	}
	statements, doubts := newRedHatStatements(v, products)
	if len(statements) == 0 && len(doubts) == 0 {
		return nil, nil
	}
	out := &advisory.Record{ID: redHatID + v.CVE, Upstream: []string{v.CVE}, Summary: v.Title, Word: impact(d.Document.Aggregate.Text), Affected: statements}
	if out.Summary == "" {
		out.Summary = d.Document.Title
	}
	for _, n := range v.Notes {
		if n.Category == "description" {
			out.Details = n.Text
			break
		}
	}
	for _, s := range v.Scores {
		for _, one := range []advisory.Score{{Type: "CVSS_V4", Score: s.V4.Vector}, {Type: "CVSS_V3", Score: s.V3.Vector}, {Type: "CVSS_V2", Score: s.V2.Vector}} {
			if one.Score != "" && len(out.Severity) < maxFew && !slices.Contains(out.Severity, one) {
				out.Severity = append(out.Severity, one)
			}
		}
	}
	out.Links = redHatLinks(v)
	if out.Published, err = date(d.Document.Tracking.Initial); err != nil {
		doubts = append(doubts, "it was published on "+err.Error())
	}
	if out.Modified, err = date(d.Document.Tracking.Current); err != nil {
		doubts = append(doubts, "it was changed on "+err.Error())
	}
	switch {
	case len(statements) == 0:
		return nil, errors.New(doubted(doubts))
	case len(doubts) > 0:
		return out, errors.New(doubted(doubts))
	}
	return out, nil
}

// doubted joins doubts to one sentence, not all of them where there are many.
func doubted(doubts []string) string {
	const few = 3
	if len(doubts) > few {
		doubts = append(slices.Clone(doubts[:few]), fmt.Sprintf("%d more", len(doubts)-few))
	}
	return strings.Join(doubts, "; ")
}

// impact is the severity word, or "" for what is none ("None", which is given where nothing is affected).
func impact(word string) string {
	if _, ok := advisory.ParseSeverity(word); !ok || strings.EqualFold(word, "none") || len(word) > 64 {
		return ""
	}
	return word
}

// redHatLinks are the page of the CVE and those of the advisories that fix it.
func redHatLinks(v *csafVulnerability) []advisory.Reference {
	links := []advisory.Reference{{Type: "ADVISORY", URL: "https://access.redhat.com/security/cve/" + v.CVE}}
	for _, r := range v.Remediations {
		link := advisory.Reference{Type: "FIX", URL: r.URL}
		if r.Category == "vendor_fix" && len(links) < maxFew && printable(r.URL, maxName) && !slices.Contains(links, link) {
			links = append(links, link)
		}
	}
	return links
}
