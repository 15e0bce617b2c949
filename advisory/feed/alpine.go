package feed

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"

	"landwaiter.dev/advisory"
	"landwaiter.dev/internal/limit"
)

const alpineSource = "ALPINE-SECDB"

// alpineRepositories are those for which Alpine keeps a file in each release.
var alpineRepositories = []string{"main", "community"}

var alpineRelease = regexp.MustCompile(`^v\d{1,3}\.\d{1,3}$`)

// alpineParts names the files of the releases wanted; of a directory those that are there.
func alpineParts(ctx context.Context, l Lister, ecosystems []string) ([]Part, error) {
	var releases []string
	for _, eco := range ecosystems {
		if release, ok := strings.CutPrefix(eco, "Alpine:"); ok {
			releases = append(releases, release)
		}
	}
	if ecosystems == nil {
		var err error
		if releases, err = l.List(ctx, ""); err != nil {
			return nil, err
		}
	}
	releases = slices.DeleteFunc(releases, func(r string) bool { return !alpineRelease.MatchString(r) })
	slices.Sort(releases)
	var parts []Part
	for _, release := range slices.Compact(releases) {
		var there []string
		if ecosystems == nil {
			var err error
			if there, err = l.List(ctx, release); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
		for _, repository := range alpineRepositories {
			file := repository + ".json"
			if ecosystems == nil && !slices.Contains(there, file) {
				continue
			}
			parts = append(parts, Part{Name: "alpine/" + release + "/" + repository, Path: release + "/" + file})
		}
	}
	return parts, nil
}

// ReadAlpine reads one file of Alpine's secdb (package → version that brought fixes → ids), of the part "alpine/v3.18/main".
// Each vulnerability of a package is a record of its own, a statement (see [advisory.StatementID]), the ids that share
// its entry are its aliases. "0" as the version means that no version was affected.
func ReadAlpine(r io.ReaderAt, size int64, part string) iter.Seq2[*advisory.Record, error] {
	return func(yield func(*advisory.Record, error) bool) {
		db, err := readSecDB(io.NewSectionReader(r, 0, size), part)
		if err != nil {
			yield(nil, &Refused{part, err.Error()})
			return
		}
		for _, name := range slices.Sorted(maps.Keys(db.statements)) {
			record, err := db.statements[name].record(db.ecosystem, name)
			if !yield(record, err) {
				return
			}
		}
		for _, p := range db.problems {
			if !yield(nil, p) {
				return
			}
		}
	}
}

// secDB is a file of it, turned round: what is said of each vulnerability of each package, by record id.
type secDB struct {
	ecosystem, source string
	statements        map[string]*fixes
	problems          []*Problem
}

// fixes is what is said of one vulnerability of one package.
type fixes struct {
	pkg      string
	versions []string
	aliases  []string
}

func readSecDB(r io.Reader, part string) (*secDB, error) {
	data, err := limit.ReadAll(r, maxSecDB, fmt.Errorf("it is larger than %d MiB", maxSecDB>>20))
	if err != nil {
		return nil, err
	}
	switch data = trimSpace(data); {
	case len(data) == 0:
		return nil, errors.New("it is empty")
	case data[0] == '<':
		return nil, webPage
	}
	var in struct {
		DistroVersion, RepoName string
		Packages                []struct {
			Pkg struct {
				Name     string
				SecFixes map[string]json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("it is cut off or not JSON: %w", short(err))
	}
	if name := "alpine/" + in.DistroVersion + "/" + in.RepoName; name != part {
		return nil, fmt.Errorf("it says that it is %.80q", name)
	}
	db := &secDB{
		ecosystem: "Alpine:" + in.DistroVersion, source: alpineSource + "-" + in.DistroVersion + "-" + in.RepoName,
		statements: map[string]*fixes{},
	}
	for _, p := range in.Packages {
		if !printable(p.Pkg.Name, maxName) || strings.Contains(p.Pkg.Name, "::") {
			db.problem(p.Pkg.Name, "its name is not usable; skipped")
			continue
		}
		for _, version := range slices.Sorted(maps.Keys(p.Pkg.SecFixes)) {
			db.add(p.Pkg.Name, version, p.Pkg.SecFixes[version])
		}
	}
	if len(db.statements) == 0 {
		return nil, errors.New("it lists no fix")
	}
	return db, nil
}

func (db *secDB) problem(entry, format string, args ...any) {
	db.problems = append(db.problems, &Problem{entry, fmt.Sprintf(format, args...)})
}

// add takes what one version fixes. A version that fixes nothing has an object in the place of the list.
func (db *secDB) add(pkg, version string, raw json.RawMessage) {
	var entries []string
	if err := json.Unmarshal(raw, &entries); err != nil {
		if strings.Join(strings.Fields(string(raw)), "") != "{}" {
			db.problem(pkg, "what %.80q fixes is no list; skipped", version)
		}
		return
	}
	for _, entry := range entries {
		named, aliases := secFixIDs(entry)
		if len(named) == 0 {
			db.problem(pkg, "%.80q, which %.80q fixes, names no vulnerability; skipped", entry, version)
		}
		for _, id := range named {
			name := advisory.StatementID(db.source, pkg, id)
			f := db.statements[name]
			if f == nil {
				f = &fixes{pkg: pkg}
				db.statements[name] = f
			}
			f.versions = append(f.versions, version)
			f.aliases = append(f.aliases, aliases...)
		}
	}
}

var secFixID = regexp.MustCompile(`^[A-Z][A-Z0-9]*(?:-[0-9A-Za-z]+)+$`)

// secFixIDs reads an entry: "CVE-2021-28688 XSA-371" is a CVE with another name, "XSA-375" one without, and
// "CVE-2017-2616 (+ regression fix)" has a note. Where there are several CVEs, nobody knows whose name the others are.
func secFixIDs(entry string) (named, aliases []string) {
	for _, word := range strings.FieldsFunc(entry, func(c rune) bool { return strings.ContainsRune(" \t,;/()[]", c) }) {
		id := strings.Trim(strings.Replace(word, "CVE_", "CVE-", 1), ".:")
		switch {
		case len(id) > maxID:
		case cvePattern.MatchString(id):
			named = append(named, id)
		case secFixID.MatchString(id) && !strings.HasPrefix(id, "CVE"):
			aliases = append(aliases, id)
		}
	}
	switch len(named) {
	case 0:
		return aliases, nil
	case 1:
		return named, aliases
	}
	return named, nil
}

// record makes a record of what is said. Of several fixes the last one counts: the earlier were not enough.
func (f *fixes) record(ecosystem, id string) (*advisory.Record, error) {
	slices.Sort(f.aliases)
	r := &advisory.Record{ID: id, Aliases: some(slices.Compact(f.aliases))}
	fixed := ""
	for _, v := range f.versions {
		switch {
		case v == "0":
		case !advisory.ValidVersion(ecosystem, v):
			return nil, &Problem{id, fmt.Sprintf("the fixed version %.80q is none; skipped", v)}
		case fixed == "" || newer(ecosystem, v, fixed):
			fixed = v
		}
	}
	a := advisory.Affected{Ecosystem: ecosystem, Package: f.pkg}
	if fixed == "" {
		a.State = string(advisory.NotAffected)
	} else {
		a.Ranges = []advisory.Range{{Type: "ECOSYSTEM", Events: []advisory.Event{{Introduced: "0"}, {Fixed: fixed}}}}
	}
	r.Affected = []advisory.Affected{a}
	return r, nil
}

// newer compares two versions that are known to be valid; what cannot be compared is ordered as text.
func newer(ecosystem, a, b string) bool {
	c, err := advisory.Compare(ecosystem, a, b)
	if err != nil {
		c = cmp.Compare(a, b)
	}
	return c > 0
}
