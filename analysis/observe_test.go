package analysis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/analysis/secret"
	"landwaiter.dev/image"
)

// scanner finds "virus" in files, and refuses those that are larger than max.
type scanner struct {
	version string
	down    bool
	max     int
	files   atomic.Int32
}

func (s *scanner) Name() string { return "test" }

func (s *scanner) Version(context.Context) (string, error) {
	if s.down {
		return "", errors.New("nobody listens")
	}
	return s.version, nil
}

func (s *scanner) Caveat(context.Context) (string, error) { return "", nil }

func (s *scanner) Begin(context.Context, int64) (MalwareStream, error) {
	s.files.Add(1)
	return &scanning{s: s}, nil
}

type scanning struct {
	s *scanner
	bytes.Buffer
}

func (s *scanning) Abort() {}

func (s *scanning) End() ([]string, string, error) {
	switch {
	case s.s.max > 0 && s.Len() > s.s.max:
		return nil, "size limit exceeded", nil
	case bytes.Contains(s.Bytes(), []byte("virus")):
		return []string{"Test.Virus"}, "", nil
	}
	return nil, "", nil
}

// observed has one line for each thing that was seen.
func observed(a *image.Analysis) []string {
	out := []string{}
	line := func(kind string, path image.Path, layer int, removed bool, rest ...any) {
		s := fmt.Sprintf("%s %s @%d", kind, path, layer)
		if removed {
			s += " removed"
		}
		for _, r := range rest {
			s += fmt.Sprintf(" %v", r)
		}
		out = append(out, s)
	}
	for _, m := range a.Secrets {
		line("secret", m.Path, m.Layer, m.Removed, m.Rule, m.Line)
	}
	for _, m := range a.Matches {
		line("match", m.Path, m.Layer, m.Removed, m.Rule, m.Line)
	}
	for _, f := range a.Retrieved {
		line("retrieved", f.Path, 0, false, string(f.Content))
	}
	if a.Malware != nil {
		for _, f := range a.Malware.Findings {
			line("malware", f.Path, f.Layer, f.Removed, f.Signature)
		}
	}
	return out
}

func TestObservers(t *testing.T) {
	t.Parallel()
	search, err := secret.New(secret.Options{
		Secrets: []secret.Rule{{Name: "PIN", Pattern: "pin=[0-9]{4}"}}, Content: []secret.Rule{{Name: "TODO", Pattern: ".*TODO"}}, Key: []byte("k"),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &scanner{version: "1", max: 100}
	options := Options{
		TempDir: t.TempDir(), Catalogers: testCatalogers(), Search: search, Malware: s, Retrieve: []string{"/etc/motd", "/srv/**/*.txt", "/lost"},
		Limits: Limits{RetrieveBytes: 20},
	}
	for _, c := range []struct {
		name string
		in   layers
		want []string
		gaps []image.GapKind
	}{
		{"what is there", layers{{file("a", "x\npin=1234\n"), file("etc/motd", "hello"), file("etc/other", "TODO"), file("v", "virus")}},
			[]string{"secret a @0 PIN 2", "match etc/other @0 TODO 1", "retrieved etc/motd @0 hello", "malware v @0 Test.Virus"}, nil},
		{"patterns", layers{{file("srv/a/b/c.txt", "1"), file("srv/d.txt", ""), file("srv/e.txtx", "3")}}, []string{"retrieved srv/a/b/c.txt @0 1", "retrieved srv/d.txt @0 "}, nil},
		{"what a later layer hides is still there for who pulls", layers{{file("a", "pin=1234"), file("v", "virus"), file("etc/motd", "old"), file("m", "TODO")}, {file(".wh.a", ""), file("v", "well"), file(".wh.m", ""), file("etc/motd", "new")}},
			[]string{"secret a @0 removed PIN 1", "retrieved etc/motd @0 new", "malware v @0 removed Test.Virus"}, nil},
		{"a path given twice counts once, as the last", layers{{file("a", "pin=1234"), file("a", "nothing"), file("etc/motd", "1"), file("etc/motd", "2")}}, []string{"retrieved etc/motd @0 2"}, nil},
		{"hard links are files", layers{{file("a", "pin=1234"), hard("b", "a"), file("srv/x.txt", "x"), hard("srv/y.txt", "srv/x.txt")}},
			[]string{"secret a @0 PIN 1", "secret b @0 PIN 1", "retrieved srv/x.txt @0 x", "retrieved srv/y.txt @0 x"}, nil},
		{"a hard link outlives its file", layers{{file("a", "pin=1234"), hard("b", "a"), file("a", "")}}, []string{"secret b @0 PIN 1"}, nil},
		{"a link that alone is asked for", layers{{file("a", "x"), hard("etc/motd", "a")}}, []string{}, []image.GapKind{image.GapFileSkipped}},
		{"too large", layers{{file("etc/motd", "123456789012345678901"), file("big", string(make([]byte, 101)))}}, []string{}, []image.GapKind{image.GapLimit, image.GapMalwareScanner}},
		{"binaries are not searched", layers{{file("a", "\x7fELF\x00\x00\x00\x00pin=1234\npin=1234\n")}}, []string{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in, shelf := imageOf(t, c.in), &shelf{}
			a, _, err := NewReader(options).Image(context.Background(), in.Input, shelf)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, observed(a)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(append([]image.GapKind{}, c.gaps...), gapKinds(a)); d != "" {
				t.Error(d, a.Gaps)
			}
			again, _, err := NewReader(options).Image(context.Background(), in.Input, shelf)
			if d := cmp.Diff(string(asJSON(t, a)), string(asJSON(t, again))); d != "" || err != nil {
				t.Errorf("kept parts say something else: %v %s", err, d)
			}
		})
	}
}

// A part whose settings changed is made alone; one that is switched off is neither made nor shown.
func TestObserversFollowTheSettings(t *testing.T) {
	t.Parallel()
	in, s, ctx := imageOf(t, layers{{file("etc/motd", "hello"), file("v", "virus")}}), &shelf{}, context.Background()
	read := func(o Options) *image.Analysis {
		o.TempDir, o.Catalogers = t.TempDir(), []catalog.Cataloger{}
		a, _, err := NewReader(o).Image(ctx, in.Input, s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	sc := &scanner{version: "1"}
	for _, c := range []struct {
		name    string
		options Options
		scanned int32
		want    []string
	}{
		{"all", Options{Retrieve: []string{"/etc/motd"}, Malware: sc}, 2, []string{"retrieved etc/motd @0 hello", "malware v @0 Test.Virus"}},
		{"known", Options{Retrieve: []string{"etc/motd"}, Malware: sc}, 2, []string{"retrieved etc/motd @0 hello", "malware v @0 Test.Virus"}},
		{"other files", Options{Retrieve: []string{"/v"}, Malware: sc}, 2, []string{"retrieved v @0 virus", "malware v @0 Test.Virus"}},
		{"none", Options{}, 2, []string{}},
		{"other signatures", Options{Malware: &scanner{version: "2", max: 1}}, 2, []string{}},
	} {
		if d := cmp.Diff(c.want, observed(read(c.options))); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		if n := sc.files.Load(); n != c.scanned {
			t.Errorf("%s: %d files were scanned", c.name, n)
		}
	}
	sc.down = true
	a := read(Options{Malware: sc})
	if a.Malware != nil || len(a.Gaps) != 1 || a.Gaps[0].Kind != image.GapMalwareScanner {
		t.Errorf("a scanner that is down must be a gap: %v %v", a.Malware, a.Gaps)
	}
}

func TestCheckPattern(t *testing.T) {
	t.Parallel()
	for p, good := range map[string]bool{"/etc/passwd": true, "etc/*.conf": true, "/a/**/b": true, "": false, "/": false, "a[": false} {
		if err := CheckPattern(p); (err == nil) != good {
			t.Errorf("%q: %v", p, err)
		}
	}
}

func TestManyNames(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("d/", 100)
	for name, c := range map[string]struct {
		in    layers
		lim   Limits
		limit bool
	}{
		"implied folders":           {layers{{file(deep+"a", "1"), file("x/"+deep+"a", "1")}}, Limits{Implied: 150}, true},
		"fewer implied folders":     {layers{{file(deep+"a", "1")}}, Limits{Implied: 150}, false},
		"implied folders of layers": {layers{{file(deep+"a", "1")}, {file("x/"+deep+"a", "1")}}, Limits{Implied: 150}, true},
		"bytes of names":            {layers{{file(strings.Repeat("n", 90), "1"), file(strings.Repeat("m", 90), "1")}}, Limits{LayerNames: 150}, true},
	} {
		_, _, err := testReader(t, c.lim).Image(context.Background(), imageOf(t, c.in).Input, nil)
		if e, ok := errors.AsType[*Error](err); ok != c.limit || ok && e.Code != CodeLimit {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Many files, each within its own bounds, are many packages.
func TestManyPackagesOfALayer(t *testing.T) {
	t.Parallel()
	ls := layers{{file("a/package.json", "p 1\nq 1\n"), file("b/package.json", "p 2\nq 2\n"), file("c/package.json", "r 1\n")}}
	a, _, err := testReader(t, Limits{LayerPackages: 3}).Image(context.Background(), imageOf(t, ls).Input, nil)
	if err != nil || len(a.Packages) != 3 {
		t.Errorf("%v %v", err, packagesOf(a))
	}
	if d := cmp.Diff([]image.GapKind{image.GapLimit}, gapKinds(a)); d != "" {
		t.Error(d, a.Gaps)
	}
}

func TestPathLimits(t *testing.T) {
	t.Parallel()
	ls := layers{{file("a/b/c", "1"), file("a/b/c/d", "2"), file("123456789", "3"), file("1234567890", "4")}}
	a, tree, err := testReader(t, Limits{PathLength: 9, PathDepth: 3}).Image(context.Background(), imageOf(t, ls).Input, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"123456789 1 @0", "a/ @0", "a/b/ @0", "a/b/c 1 @0"}, show(tree)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]image.GapKind{image.GapFileSkipped, image.GapFileSkipped}, gapKinds(a)); d != "" {
		t.Error(d, a.Gaps)
	}
}
