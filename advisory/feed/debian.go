package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"landwaiter.dev/advisory"
)

const (
	debianFile   = "the file of Debian's security tracker"
	debianSource = "DEBIAN-TRACKER"
	trackerPage  = "https://security-tracker.debian.org/tracker/"
)

// trackerEntry is what the tracker says of one vulnerability of one source package. Releases is an object by codename,
// or an empty list.
type trackerEntry struct {
	Description string
	Releases    json.RawMessage
}

type trackerRelease struct {
	Status, Urgency string
	FixedVersion    string `json:"fixed_version"`
	NoDSAReason     string `json:"nodsa_reason"`
}

// ReadDebian reads the JSON file of Debian's security tracker (source package → vulnerability → releases by codename),
// entry by entry: each is a record of its own, a statement (see [advisory.StatementID]), because the file is sorted by
// package and the packages of a CVE stand far apart. A fixed version of "0" means that the release is not affected.
// Unstable has no release number and is left out; images of it are compared as the release that it will be.
func ReadDebian(r io.ReaderAt, size int64, _ string) iter.Seq2[*advisory.Record, error] {
	return func(yield func(*advisory.Record, error) bool) {
		refuse := func(reason string) { yield(nil, &Refused{debianFile, reason}) }
		d, err := openDocument(r, size)
		if err != nil {
			refuse(err.Error())
			return
		}
		defer d.done()
		if head, _ := d.plain.Peek(512); bytes.HasPrefix(bytes.TrimSpace(head), []byte("<")) {
			refuse(webPage.Error())
			return
		}
		t := tracker{document: d, json: json.NewDecoder(d), unknown: map[string]bool{}}
		entries := 0
		for pkg, err := range t.members("") {
			if err != nil {
				refuse(err.Error())
				return
			}
			for id, err := range t.members(pkg) {
				var record *advisory.Record
				if err == nil {
					if entries++; entries > maxEntries {
						err = fmt.Errorf("it has more than %d entries", maxEntries)
					} else {
						record, err = t.entry(pkg, id)
					}
				}
				var problem *Problem
				if err != nil && !errors.As(err, &problem) {
					refuse(err.Error())
					return
				}
				if (record != nil || err != nil) && !yield(record, err) {
					return
				}
			}
		}
		if entries == 0 {
			refuse("it lists no vulnerability")
			return
		}
		d.piece(maxEntry)
		if _, err := t.json.Token(); err != io.EOF {
			refuse("something follows its end")
			return
		}
		for _, codename := range slices.Sorted(maps.Keys(t.unknown)) {
			if !yield(nil, &Problem{"release " + codename, "no release of Debian is known here by this name; what is said of it was skipped"}) {
				return
			}
		}
	}
}

// tracker is the state of reading the file.
type tracker struct {
	*document
	json *json.Decoder
	// unknown codenames, the first few.
	unknown map[string]bool
}

// members goes through the names in an object; whoever asks reads the value of each.
func (t *tracker) members(of string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		fail := func(err error) { yield("", errors.New(brokenJSON(err))) }
		t.piece(maxEntry)
		start, err := t.json.Token()
		if err != nil {
			fail(err)
			return
		}
		if list, ok := start.(json.Delim); ok && list == '[' && !t.json.More() {
			if _, err = t.json.Token(); err != nil {
				fail(err)
			}
			return // how some writers say that an object is empty
		}
		if start != json.Delim('{') {
			yield("", fmt.Errorf("it is not what it should be: %.80q is no object", of))
			return
		}
		for {
			t.piece(maxEntry)
			token, err := t.json.Token()
			if err != nil {
				fail(err)
				return
			}
			name, ok := token.(string)
			if !ok {
				return // the end of the object
			}
			if !yield(name, nil) {
				return
			}
		}
	}
}

// entry reads what is said of one vulnerability. Both results are nil where no release that is known is spoken of.
func (t *tracker) entry(pkg, id string) (*advisory.Record, error) {
	t.piece(maxEntry)
	var raw json.RawMessage
	if err := t.json.Decode(&raw); err != nil {
		return nil, errors.New(brokenJSON(err))
	}
	if !printable(pkg, maxName) || !idPattern.MatchString(id) || len(id) > maxID || strings.Contains(pkg+id, "::") {
		return nil, &Problem{pkg + " " + id, "its name or id is not usable; skipped"}
	}
	record := &advisory.Record{ID: advisory.StatementID(debianSource, pkg, id)}
	var in trackerEntry
	releases := map[string]trackerRelease{}
	err := json.Unmarshal(raw, &in)
	if in.Releases = bytes.TrimSpace(in.Releases); err == nil && len(in.Releases) > 0 && in.Releases[0] == '{' {
		err = json.Unmarshal(in.Releases, &releases)
	}
	if err != nil {
		return nil, &Problem{record.ID, fmt.Sprintf("it is not what it should be: %v; skipped", short(err))}
	}
	record.Details = in.Description
	if !strings.HasPrefix(id, "CVE-") {
		record.Links = []advisory.Reference{{Type: "ADVISORY", URL: trackerPage + id}}
	}
	doubt := ""
	for _, codename := range slices.Sorted(maps.Keys(releases)) {
		if codename == "sid" {
			continue
		}
		number := advisory.DebianRelease(codename)
		if number == "" {
			if len(t.unknown) < 32 {
				t.unknown[fmt.Sprintf("%.40q", codename)] = true
			}
			continue
		}
		affected, err := releases[codename].affected("Debian:"+number, pkg)
		if err != nil {
			doubt = fmt.Sprintf("%s: %v", codename, err)
			continue
		}
		record.Affected = append(record.Affected, affected)
	}
	switch {
	case doubt != "" && len(record.Affected) == 0:
		return nil, &Problem{record.ID, doubt + "; nothing is left of it, skipped"}
	case doubt != "":
		return record, &Problem{record.ID, doubt + "; the rest is taken"}
	case len(record.Affected) == 0:
		return nil, nil
	}
	return record, nil
}

// affected is what is said of one release. Where the security team decided to ignore it, it will not be fixed; where it
// was postponed, or left to a point release (both "no DSA"), it is not fixed yet.
func (r trackerRelease) affected(ecosystem, pkg string) (advisory.Affected, error) {
	a := advisory.Affected{Ecosystem: ecosystem, Package: pkg}
	if len(r.Urgency) <= 64 {
		a.Word = r.Urgency
	}
	from := []advisory.Event{{Introduced: "0"}}
	switch {
	case r.Status == "resolved" && r.FixedVersion == "0":
		a.State = string(advisory.NotAffected)
		return a, nil
	case r.Status == "resolved":
		if !advisory.ValidVersion(ecosystem, r.FixedVersion) {
			return a, fmt.Errorf("the fixed version %.80q is none", r.FixedVersion)
		}
		from = append(from, advisory.Event{Fixed: r.FixedVersion})
	case r.Status == "undetermined":
		a.State = string(advisory.UnderInvestigation)
	case r.Status != "open":
		return a, fmt.Errorf("the status %.40q is not known", r.Status)
	case r.Urgency == "end-of-life" || r.NoDSAReason == "ignored":
		a.State = string(advisory.WontFix)
	}
	a.Ranges = []advisory.Range{{Type: "ECOSYSTEM", Events: from}}
	return a, nil
}

func brokenJSON(err error) string {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return broken(err)
}
