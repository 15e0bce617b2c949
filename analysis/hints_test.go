package analysis

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestHints(t *testing.T) {
	t.Parallel()
	const hints = `{"packages": [
		{"name": "a", "version": "9", "type": "dpkg"},
		{"name": "b", "version": "1.0-1", "type": "DPKG", "license": "MIT"},
		{"name": "c", "version": "1", "release": "r2", "type": "apkg"},
		{"name": "r", "version": "2", "release": "3", "type": "rpm"},
		{"name": "n", "versions": ["4"], "type": "npm", "licenses": ["MIT"]},
		{"name": "j", "version": "5", "type": "java"},
		{"name": "p", "version": "6", "type": "python", "location": "/../opt/p"},
		{"name": "no version", "type": "npm"}, {"name": "x", "version": "1", "type": "cobol"}, {"name": "y", "version": "1", "type": "gem", "licenses": "MIT"}, 7
	]}`
	ls := layers{{file("etc/os-release", debian), file("lib/db", "a 1\n")}, {file("anchore_hints.json", hints)}}
	for on, want := range map[bool][]string{
		false: {"a 1 lib/db @0"},
		true: {
			"a 1 lib/db @0", "b 1.0-1 anchore_hints.json @1", "c 1-r2 anchore_hints.json @1", "j 5 virtual/javapkg/j-5.jar @1", "n 4 virtual/npmpkg/n-4 @1",
			"p 6 opt/p @1", "r 2-3 anchore_hints.json @1",
		},
	} {
		r := NewReader(Options{TempDir: t.TempDir(), Catalogers: testCatalogers(), Hints: on})
		a, _, err := r.Image(context.Background(), imageOf(t, ls).Input, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, packagesOf(a)); d != "" {
			t.Error(d)
		}
		for _, p := range a.Packages {
			if p.Name != "a" && p.Extra["hint"] != "true" {
				t.Errorf("%s is not marked as a hint", p.Name)
			}
		}
		kinds := []image.GapKind{}
		if on {
			kinds = []image.GapKind{image.GapHints, image.GapParserFailed}
		}
		if d := cmp.Diff(kinds, gapKinds(a)); d != "" {
			t.Error(d)
		}
	}
}

// Hints close no gap: an image that only says what it has is not an image whose database was read.
func TestHintsCloseNoGap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hints string
		want  []image.GapKind
	}{
		{`{"packages": [{"name": "b", "version": "1", "type": "dpkg"}]}`, []image.GapKind{image.GapNoPackageDatabase, image.GapHints}},
		{`{"packages": [`, []image.GapKind{image.GapNoPackageDatabase, image.GapParserFailed}},
		{`[]`, []image.GapKind{image.GapNoPackageDatabase, image.GapParserFailed}},
	} {
		r := NewReader(Options{TempDir: t.TempDir(), Catalogers: testCatalogers(), Hints: true})
		a, _, err := r.Image(context.Background(), imageOf(t, layers{{file("etc/os-release", debian), file("anchore_hints.json", c.hints)}}).Input, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := map[image.GapKind]bool{}
		for _, k := range gapKinds(a) {
			got[k] = true
		}
		for _, k := range c.want {
			if !got[k] {
				t.Errorf("%s: no gap %s in %v", c.hints, k, a.Gaps)
			}
		}
	}
}

func TestKeyFollowsWhatCounts(t *testing.T) {
	t.Parallel()
	ctx, in := context.Background(), imageOf(t, layers{{file("a", "1")}}).Input
	base := NewReader(Options{}).Key(ctx, in)
	if again := NewReader(Options{}).Key(ctx, in); again != base {
		t.Error("a key must not vary")
	}
	other := in
	other.Manifest.Digest = image.DigestOf([]byte("another"))
	keys := map[image.Digest]string{base: "plain"}
	for name, key := range map[string]image.Digest{
		"image": NewReader(Options{}).Key(ctx, other), "hints": NewReader(Options{Hints: true}).Key(ctx, in), "limits": NewReader(Options{Limits: Limits{Links: 1}}).Key(ctx, in),
		"retrieve": NewReader(Options{Retrieve: []string{"/a"}}).Key(ctx, in), "malware": NewReader(Options{Malware: &scanner{version: "1"}}).Key(ctx, in),
		"signatures": NewReader(Options{Malware: &scanner{version: "2"}}).Key(ctx, in), "down": NewReader(Options{Malware: &scanner{down: true}}).Key(ctx, in),
	} {
		if twin, ok := keys[key]; ok {
			t.Errorf("%s and %s have one key", name, twin)
		}
		keys[key] = name
	}
}
