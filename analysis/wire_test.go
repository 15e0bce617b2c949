package analysis

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/analysis/license"
	"landwaiter.dev/image"
)

// reportsOf reads an image and returns what a Known was given to keep.
func reportsOf(t testing.TB, b *box) []*Report {
	t.Helper()
	k := &keeper{}
	if _, _, err := testReader(t, Limits{}).Image(context.Background(), b.Input, k); err != nil {
		t.Fatal(err)
	}
	return k.reports
}

type keeper struct {
	shelf
	reports []*Report
}

func (k *keeper) Save(_ context.Context, r *Report) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reports = append(k.reports, r)
	return nil
}

func fullPackage() image.Package {
	return image.Package{
		Type: image.RPM, Name: "n", Namespace: "g", Version: "1", Arch: "x", SourceName: "s", SourceVersion: "2", SourceRPM: "r", Modularity: "m",
		Licenses: []string{"MIT", "caf\xe9"}, CPEs: []string{"cpe:2.3:a:b:c:1:*:*:*:*:*:*:*"}, Origin: "o", Homepage: "h", InstalledSize: 7, Location: "a/b", Inner: "i", Embedded: true,
		Files: []image.OwnedFile{{Path: "p", Algorithm: "md5", Digest: "d", Mode: 0o100644, Size: -1, User: "u", Group: "g", Config: true, Optional: true}},
		Extra: map[string]string{"k": "v", "a": "b"},
	}
}

func TestPartsRoundTrip(t *testing.T) {
	t.Parallel()
	reports := reportsOf(t, rich(t))
	reports[0].Found = append(reports[0].Found, catalog.Found{
		Cataloger: "c", Path: "z", Packages: []image.Package{fullPackage()}, Declared: []image.Package{fullPackage()},
		Texts: []license.Text{{Path: "z", Expression: "MIT", Confidence: 99, Form: license.FormText, Refs: []string{"r"}, Names: []string{"n"}}},
		Lists: []catalog.FileList{{Package: "p", Files: fullPackage().Files}},
		Gaps:  []image.Gap{{Kind: image.GapLimit, Path: "z", Layer: -1, Detail: "d", Count: 3}},
	})
	gaps := []image.Gap{{Kind: image.GapLimit, Path: "z", Detail: "d"}}
	matches := []image.TextMatch{{Rule: "R", Pattern: "p", Path: "z", Line: 3, HMAC: "ab", More: 4}}
	reports[0].Searched = Searched{Secrets: matches, Matches: matches, Gaps: gaps}
	reports[0].Retrieved = Retrieved{Files: []image.RetrievedFile{{Path: "z", Content: []byte("x")}}, Gaps: gaps}
	reports[0].Scanned = Scanned{Findings: []image.MalwareFinding{{Path: "z", Signature: "s"}}, Gaps: gaps}
	for _, p := range parts {
		reports[0].Revisions[p.name] = "1"
	}
	reports[0].Borrowed = []Borrowed{{As: "x/y", Found: reports[0].Found[0]}}
	for _, want := range reports {
		kept, err := want.Parts()
		if err != nil {
			t.Fatal(err)
		}
		twice, err := want.Parts()
		if err != nil || !cmp.Equal(kept, twice) {
			t.Errorf("encoding must not vary: %v", err)
		}
		got, err := DecodeReport(want.Layer, append(kept, Part{Name: "from the future", Data: []byte("?")}))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Report{}), cmpopts.EquateEmpty()); d != "" {
			t.Error(d)
		}
		some, err := DecodeReport(want.Layer, kept[1:])
		if err != nil || len(some.Files) != 0 || some.Revisions[PartFiles] != "" {
			t.Errorf("fewer parts make a report of fewer parts: %v %v", err, some.Revisions)
		}
	}
}

// TestNothingIsForgotten fails when somebody gives a package or a file a field that the parts do not keep: set it in
// fullPackage, and teach encode.go and decode.go.
func TestNothingIsForgotten(t *testing.T) {
	t.Parallel()
	p := fullPackage()
	for _, v := range []reflect.Value{reflect.ValueOf(p), reflect.ValueOf(p.Files[0])} {
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if v.Field(i).IsZero() && !slices.Contains(setLater, name) {
				t.Errorf("%s.%s is not tried", v.Type(), name)
			}
		}
	}
	if n := reflect.TypeFor[image.File]().NumField(); n != 14 {
		t.Errorf("image.File has %d fields, encode.go knows 14", n)
	}
}

// setLater are fields of a package that no cataloguer sets: the merge does, or an imported document.
var setLater = []string{"Layer", "OwnedBy", "License", "LicenseSource", "PURL"}

func BenchmarkSmallParts(b *testing.B) {
	r := reportsOf(b, rich(b))[0]
	for b.Loop() {
		if _, err := r.Parts(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestDamagedParts(t *testing.T) {
	t.Parallel()
	parts, err := reportsOf(t, rich(t))[0].Parts()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		for _, damage := range [][]byte{nil, {0}, {wireVersion}, p.Data[:len(p.Data)/2], append([]byte{99}, p.Data[1:]...), append(bytes.Clone(p.Data), zstded([]byte("more"))...)} {
			if r, err := DecodeReport(image.LayerID{}, []Part{{Name: p.Name, Data: damage}}); err == nil || r != nil {
				t.Errorf("%s, %d bytes: a damaged part must be an error: %v", p.Name, len(damage), r)
			}
		}
	}
}

func TestCleanIsClean(t *testing.T) {
	t.Parallel()
	deep := bytes.Repeat([]byte("d/"), image.MaxPathDepth)
	for _, s := range []string{
		"", "a", "a/b", "a/../b", "./a", "/a", "a/", "a//b", "..", ".", "a/.", "a/..b", "...", "a\x00b", "caf\xe9", " ", string(deep), string(deep[:len(deep)-1]),
		string(deep[:len(deep)-3]), string(bytes.Repeat([]byte("x"), image.MaxPathLength)), string(bytes.Repeat([]byte("x"), image.MaxPathLength+1)),
	} {
		p, err := image.CleanPath(s)
		if want := err == nil && string(p) == s; isClean(s) != want {
			t.Errorf("isClean(%.40q) = %v", s, !want)
		}
	}
}

func FuzzDecodeReport(f *testing.F) {
	for i, p := range parts[:3] { // rich images have no others
		for _, r := range reportsOf(f, rich(f)) {
			kept, err := r.Parts()
			if err != nil {
				f.Fatal(err)
			}
			d, err := unseal(kept[i].Data)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(p.name, d.b)
		}
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		r := &Report{}
		at := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
		if at < 0 {
			return
		}
		d := &decoder{b: body}
		if parts[at].decode(d, r); d.done() != nil {
			return
		}
		// What was accepted can be written and read again, and be merged.
		e, again := &encoder{}, &Report{}
		parts[at].encode(e, r)
		d = &decoder{b: e.b}
		if parts[at].decode(d, again); d.done() != nil {
			t.Fatal(d.done())
		}
		if d := cmp.Diff(r, again, cmpopts.IgnoreUnexported(Report{})); d != "" {
			t.Error(d)
		}
		b := raw([][]byte{nil}, [][]byte{nil})
		if _, _, err := merge(b.Manifest, b.Config, []*Report{r}, nil, mergeOptions{catalogers: testCatalogers(), limits: DefaultLimits()}); err != nil {
			t.Error(err)
		}
	})
}
