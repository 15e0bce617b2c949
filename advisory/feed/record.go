package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"landwaiter.dev/advisory"
)

// word is the first that may be one.
func word(values ...string) string {
	for _, s := range values {
		if s != "" && len(s) <= 64 {
			return s
		}
	}
	return ""
}

// parseRecord reads one record. A record without error is taken as it is; with one it is taken with a doubt, which the
// error names; without a record the error says why there is none.
func parseRecord(data []byte) (*advisory.Record, error) {
	if data = trimSpace(data); len(data) == 0 || data[0] != '{' {
		return nil, errors.New("it is not a JSON object; skipped")
	}
	in, err := decodeRecord(string(data))
	if err != nil {
		return nil, fmt.Errorf("it is not a record: %w; skipped", err)
	}
	switch {
	case in.schemaVersion != "" && !strings.HasPrefix(in.schemaVersion, "1.") && !strings.HasPrefix(in.schemaVersion, "0."):
		return nil, fmt.Errorf("its schema version %.20q is unknown; skipped", in.schemaVersion)
	case in.id == "":
		return nil, errors.New("it has no id; skipped")
	case !idPattern.MatchString(in.id) || len(in.id) > maxID:
		return nil, fmt.Errorf("its id %.80q is not usable; skipped", in.id)
	}
	// What is kept longer than the record, in lists of what was seen, must not keep its text.
	in.id = strings.Clone(in.id)
	out := &advisory.Record{
		ID: in.id, Aliases: ids(in.aliases, in.id), Upstream: ids(in.upstream, in.id), Related: ids(in.related, in.id),
		Summary: in.summary, Details: in.details, Severity: some(in.severity), Links: some(in.references),
		Word: word(in.specific.severity, in.specific.scored()),
	}
	var doubts []string
	if out.Withdrawn, err = date(in.withdrawn); err != nil {
		return nil, fmt.Errorf("withdrawn is %w; skipped", err)
	}
	if out.Modified, err = date(in.modified); err != nil {
		doubts = append(doubts, "modified is "+err.Error())
	}
	if out.Published, err = date(in.published); err != nil {
		doubts = append(doubts, "published is "+err.Error())
	}
	modules := modulesOf(in.summary)
	var last advisory.Affected
	for i := range in.affected {
		a := &in.affected[i]
		if a.name == "" && a.ecosystem == "" {
			continue // about a repository's commits only
		}
		if !printable(a.name, maxName) || !printable(a.ecosystem, maxID) {
			doubts = append(doubts, fmt.Sprintf("the package %.80q of %.80q has no usable name", a.name, a.ecosystem))
			continue
		}
		ecosystem := apart(advisory.CanonicalEcosystem(a.ecosystem), last.Ecosystem)
		name := apart(advisory.NormalizeName(ecosystem, a.name), last.Package)
		entry := advisory.Affected{
			Ecosystem: ecosystem, Package: name, Versions: some(a.versions), Severity: some(a.severity),
			Word: word(a.free.severity, a.free.urgency, a.own.severity, a.own.urgency),
		}
		for _, system := range a.free.systems {
			entry.Systems = append(entry.Systems, strings.Clone(system))
		}
		if out.Word == "" {
			out.Word = a.own.scored()
		}
		if entry.Word == "end-of-life" {
			entry.State = string(advisory.WontFix)
		}
		if out.Informational == "" {
			out.Informational = word(a.own.informational)
		}
		wrong := ""
		for _, r := range a.ranges {
			if r.Type == "GIT" {
				continue
			}
			kept, err := readRange(ecosystem, r.Type, r.Events)
			if err != nil {
				wrong = err.Error()
				continue
			}
			var from, to string
			if kept.Events, from, to = advisory.Forward(ecosystem, kept.Events); from != "" {
				wrong = fmt.Sprintf("begins at %.80q and ends at %.80q, which is before that", from, to)
				if len(kept.Events) == 0 {
					continue
				}
			}
			entry.Ranges = append(entry.Ranges, kept)
		}
		if wrong != "" {
			doubts = append(doubts, fmt.Sprintf("a range of %.80q %s", a.name, wrong))
		}
		if len(entry.Ranges)+len(entry.Versions) == 0 {
			continue
		}
		if !namesFix(entry.Ranges) {
			entry.Fixes = a.own.fixes
			if a.own.unfixed && entry.State == "" {
				entry.State = string(advisory.NotFixed)
			}
		}
		if isModular(entry.Ranges) {
			entry.Module = modules
		}
		out.Affected, last = append(out.Affected, entry), entry
	}
	if len(doubts) == 0 {
		return out, nil
	}
	if len(doubts) > 3 {
		doubts = append(doubts[:3], fmt.Sprintf("%d more", len(doubts)-3))
	}
	reason := strings.Join(doubts, "; ")
	if len(out.Affected) == 0 {
		return nil, fmt.Errorf("%s; nothing is left of it, skipped", reason)
	}
	return out, fmt.Errorf("%s; the rest is taken", reason)
}

// apart is s without the text that it is a part of; like the entry before, most often.
func apart(s, before string) string {
	if s == before {
		return before
	}
	return strings.Clone(s)
}

// readRange checks that a range can be evaluated. An event object with several bounds is several events.
func readRange(ecosystem, kind string, events []advisory.Event) (advisory.Range, error) {
	out := advisory.Range{Type: kind, Events: make([]advisory.Event, 0, len(events))}
	introduced := false
	for _, e := range events {
		introduced = introduced || e.Introduced != ""
		empty := true
		for _, one := range []advisory.Event{{Introduced: e.Introduced}, {Fixed: e.Fixed}, {LastAffected: e.LastAffected}, {Limit: e.Limit}} {
			text := one.Introduced + one.Fixed + one.LastAffected + one.Limit
			if text == "" {
				continue
			}
			if text != "0" && (one.Limit == "" || text != "*") && !advisory.ValidVersion(ecosystem, text) {
				return out, fmt.Errorf("names the version %.80q, which is none", text)
			}
			empty = false
			out.Events = append(out.Events, one)
		}
		if empty {
			return out, errors.New("has an event without a version")
		}
	}
	if !introduced {
		return out, errors.New("does not say where it begins")
	}
	return out, nil
}

// isModular tells the builds of rpm modules by their release ("….module_el8.5.0+119+9a9ec082").
func isModular(ranges []advisory.Range) bool {
	for _, r := range ranges {
		for _, e := range r.Events {
			if strings.Contains(e.Fixed, ".module") || strings.Contains(e.LastAffected, ".module") {
				return true
			}
		}
	}
	return false
}

var (
	modulePattern = regexp.MustCompile(`(?:^|[\s,])([A-Za-z][\w.+-]*:[\w.+-]+)`)
	idPattern     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:+@~/-]*$`)
)

// modulesOf finds the streams in a title such as "Important: nodejs:18 security update".
func modulesOf(summary string) string {
	var streams []string
	for _, m := range modulePattern.FindAllStringSubmatch(summary, 8) {
		streams = append(streams, m[1])
	}
	if streams == nil {
		return advisory.UnnamedModule
	}
	return strings.Join(streams, ",")
}

// ids drops what cannot be an id, and the record's own.
func ids(list []string, own string) []string {
	return some(slices.DeleteFunc(list, func(s string) bool { return s == own || len(s) > maxID || !idPattern.MatchString(s) }))
}

// some is list, or nil when it is empty, so that a record read back from JSON is the same.
func some[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// date reads a date of RFC 3339; none, and the first day of the calendar, are the zero time.
func date(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("no date (%.40q)", s)
	}
	return t.UTC(), nil
}

// printable says whether a name can be stored and shown: UTF-8 without control characters, not too long, not empty.
func printable(s string, limit int) bool {
	return s != "" && len(s) <= limit && utf8.ValidString(s) && strings.IndexFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) < 0
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\n' || b[0] == '\r' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

// short keeps what the JSON decoder says without the Go names in it.
func short(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("the value of %q is a %s", strings.ToLower(kind.Field), kind.Value)
	}
	return err
}
