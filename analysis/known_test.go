package analysis

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/analysis/secret"
	"landwaiter.dev/image"
)

// shelf is a Known that keeps parts encoded, as a store does.
type shelf struct {
	mu    sync.Mutex
	parts map[image.LayerID]map[string]Part
	saved int
}

func (s *shelf) Lookup(_ context.Context, id image.LayerID, _ map[string]string) (*Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Part
	for _, p := range s.parts[id] {
		list = append(list, p)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return DecodeReport(id, list)
}

func (s *shelf) Save(_ context.Context, r *Report) error {
	parts, err := r.Parts()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved++
	if s.parts == nil {
		s.parts = map[image.LayerID]map[string]Part{}
	}
	if s.parts[r.Layer] == nil {
		s.parts[r.Layer] = map[string]Part{}
	}
	for _, p := range parts {
		s.parts[r.Layer][p.Name] = p
	}
	return nil
}

// rich is an image with something of everything.
func rich(t testing.TB) *box {
	return imageOf(t, layers{
		{
			file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"), file("lib/db", "libc 1 /usr/lib/libc.so\n"), file("usr/lib/libc.so", "\x7fELF123456789012345678"),
			dir("node_modules/a"), file("node_modules/a/package.json", "a 1\n"), symlink("bin", "usr/bin"), file("bad.jar", "broken"),
		},
		{file("caf\xe9/.wh.x", ""), file("node_modules/.wh.a", ""), file("usr/bin/tool", "\x7fELF12345678901234567890").mode(0o4755), hard("usr/bin/tool2", "usr/bin/tool"), file("x/.wh.", "odd")},
		{file("srv/store/0001", "pkg 3\n"), hard("srv/app/package.json", "srv/store/0001")},
	})
}

func asJSON(t testing.TB, a *image.Analysis) []byte {
	t.Helper()
	b, err := json.MarshalIndent(a, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKnownLayers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, s, r := rich(t), &shelf{}, testReader(t, Limits{})
	first, tree1, err := r.Image(ctx, b.Input, s)
	if err != nil {
		t.Fatal(err)
	}
	if s.saved != 3 {
		t.Errorf("%d saves", s.saved)
	}
	clear(b.opened)

	b.Remote = true
	again, tree2, err := r.Image(ctx, b.Input, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.opened) != 0 {
		t.Errorf("a known layer of a registry must not be fetched: %v", b.opened)
	}
	if d := cmp.Diff(string(asJSON(t, first)), string(asJSON(t, again))); d != "" {
		t.Errorf("from kept reports the analysis must be the same: %s", d)
	}
	if d := cmp.Diff(tree1.Files(), tree2.Files()); d != "" {
		t.Errorf("and so must the tree: %s", d)
	}

	b.Remote = false
	if _, _, err := r.Image(ctx, b.Input, s); err != nil {
		t.Fatal(err)
	}
	if len(b.opened) != 3 || s.saved != 3 {
		t.Errorf("known layers on a disk are hashed again, and not saved: %v, %d saves", b.opened, s.saved)
	}
	d := b.Manifest.Layers[1].Digest
	b.blobs[d] = bytes.Replace(b.blobs[d], b.blobs[d][30:34], []byte("evil"), 1)
	var e *Error
	if _, _, err := r.Image(ctx, b.Input, s); !errors.As(err, &e) || e.Code != CodeDigestMismatch {
		t.Errorf("a blob that changed on the disk: %v", err)
	}
}

func TestAnotherDiffIDIsAnotherLayer(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, s, r := rich(t), &shelf{}, testReader(t, Limits{})
	if _, _, err := r.Image(ctx, b.Input, s); err != nil {
		t.Fatal(err)
	}
	b.Config.DiffIDs[0] = b.Config.DiffIDs[1]
	var e *Error
	if _, _, err := r.Image(ctx, b.Input, s); !errors.As(err, &e) || e.Code != CodeDiffIDMismatch {
		t.Errorf("a config that claims another layer's diff ID: %v", err)
	}
}

func TestMissingPartAlone(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, s := rich(t), &shelf{}
	old := testReader(t, Limits{})
	if _, _, err := old.Image(ctx, b.Input, s); err != nil {
		t.Fatal(err)
	}
	list := testCatalogers()
	list[0].Revision++
	r := NewReader(Options{Catalogers: list, TempDir: t.TempDir()})
	id := image.LayerID{Blob: b.Manifest.Layers[0].Digest, DiffID: b.Config.DiffIDs[0]}
	before := s.parts[id][PartFiles]
	s.parts[id][PartFiles] = Part{Name: PartFiles, Revision: before.Revision, Data: before.Data}
	a, _, err := r.Image(ctx, b.Input, s)
	if err != nil {
		t.Fatal(err)
	}
	if r.Revisions()[PartPackages] == old.Revisions()[PartPackages] || r.Revisions()[PartFiles] != old.Revisions()[PartFiles] {
		t.Errorf("a cataloguer's revision concerns packages alone: %v, %v", r.Revisions(), old.Revisions())
	}
	want := r.Revisions()
	want["merge"] = (&mergeOptions{}).mergedBy()
	if d := cmp.Diff(want, a.Revisions); d != "" {
		t.Error(d)
	}
	if !bytes.Equal(before.Data, s.parts[id][PartFiles].Data) {
		t.Error("the other parts stay as they are")
	}
	fresh, _, err := r.Image(ctx, b.Input, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(asJSON(t, fresh)), string(asJSON(t, a))); d != "" {
		t.Error(d)
	}
}

func TestALayerGivenTwiceIsReadOnce(t *testing.T) {
	t.Parallel()
	same := []entry{file("a", "1")}
	b := imageOf(t, layers{same, {file(".wh.a", "")}, same})
	_, tree, err := testReader(t, Limits{}).Image(context.Background(), b.Input, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a 1 @2"}, show(tree)); d != "" {
		t.Error(d)
	}
	for d, n := range b.opened {
		if n != 1 {
			t.Errorf("%s was opened %d times", d, n)
		}
	}
}

func TestSecondLook(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	base := []entry{file("data/apk/db", "musl 1\n"), file("data/status.d/x", "base 2\n"), file("data/release", "ID=alpine\nVERSION_ID=3.18\n"), file("store/01", "left-pad 1\n")}
	links := []entry{symlink("lib", "data/apk"), dir("var"), symlink("var/status.d", "../data/status.d"), symlink("etc/os-release", "/data/release")}
	b, s, r := imageOf(t, layers{base, links}), &shelf{}, testReader(t, Limits{})
	a, _, err := r.Image(ctx, b.Input, s)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"base 2 var/status.d/x @0", "musl 1 lib/db @0"}, packagesOf(a)); d != "" {
		t.Error(d)
	}
	if a.Distro.ID != "alpine" || a.Distro.VersionID != "3.18" {
		t.Errorf("%+v", a.Distro)
	}
	clear(b.opened)
	b.Remote = true
	if again, _, err := r.Image(ctx, b.Input, s); err != nil || len(b.opened) != 0 || !bytes.Equal(asJSON(t, a), asJSON(t, again)) {
		t.Errorf("what links led to is known the next time: %v, %v", err, b.opened)
	}

	// The same layer without the links has no database.
	plain := imageOf(t, layers{base})
	alone, _, err := r.Image(ctx, plain.Input, s)
	if err != nil || len(alone.Packages) != 0 || alone.Distro.ID != "" {
		t.Errorf("%v %v %+v", err, packagesOf(alone), alone.Distro)
	}
}

func TestHardLinkWithATellingName(t *testing.T) {
	t.Parallel()
	b := imageOf(t, layers{{
		file("store/01", "left-pad 1\n"), hard("app/node_modules/left-pad/package.json", "store/01"),
		file("cache/x.dist-info/METADATA", "x 1\n"), hard("venv/x.dist-info/METADATA", "cache/x.dist-info/METADATA"),
		file("bin/a", "\x7fELF1234567890123456"), hard("bin/b", "bin/a"),
	}, {file("bin/.wh.a", "")}})
	a, _, err := testReader(t, Limits{}).Image(context.Background(), b.Input, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"exe 20 bin/b @0", "left-pad 1 app/node_modules/left-pad/package.json @0", "x 1 cache/x.dist-info/METADATA @0", "x 1 venv/x.dist-info/METADATA @0",
	}
	if d := cmp.Diff(want, packagesOf(a)); d != "" {
		t.Error(d)
	}
}

// Where the same bytes mean the same under every name, a layer is not read again for the other names of a file.
func TestHardLinkToTheSameContent(t *testing.T) {
	t.Parallel()
	tool := catalog.Cataloger{Name: "tool", Want: catalog.Want{Names: []string{"perl", "perl5"}, SameContent: true}, Read: func(f *catalog.File, found *catalog.Found) error {
		found.Packages = append(found.Packages, image.Package{Type: image.Binary, Name: "perl", Version: "5", Location: f.Path})
		return nil
	}}
	b := imageOf(t, layers{{file("bin/perl", "x"), hard("bin/perl5", "bin/perl"), file("lib/x", "y"), hard("lib/perl", "lib/x")}, {file("bin/.wh.perl", "")}})
	a, _, err := NewReader(Options{TempDir: t.TempDir(), Catalogers: []catalog.Cataloger{tool}}).Image(context.Background(), b.Input, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"perl 5 bin/perl5 @0", "perl 5 lib/perl @0"}, packagesOf(a)); d != "" {
		t.Error(d)
	}
	if n := b.opened[b.Manifest.Layers[0].Digest]; n != 2 {
		t.Errorf("the layer was opened %d times; lib/perl alone asks for a second look", n)
	}
}

// A layer that is known is held against the limits of today, whatever held when it was read.
func TestKnownLayersKeepTheLimits(t *testing.T) {
	t.Parallel()
	ctx, b, s := context.Background(), imageOf(t, layers{{file("a", "1"), file("b", "2"), file("c", strings.Repeat("x", 5000))}}), &shelf{}
	if _, _, err := testReader(t, Limits{}).Image(ctx, b.Input, s); err != nil {
		t.Fatal(err)
	}
	for name, lim := range map[string]Limits{"entries": {LayerEntries: 2}, "of the image": {ImageEntries: 2}, "bytes": {LayerBytes: 5000}, "bytes of the image": {ImageBytes: 5000}} {
		_, _, err := testReader(t, lim).Image(ctx, b.Input, s)
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != CodeLimit {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a limit cut is made again when the limit is raised.
func TestRaisedLimitsAreSeen(t *testing.T) {
	t.Parallel()
	search, err := secret.New(secret.Options{Secrets: []secret.Rule{{Name: "PIN", Pattern: "pin=[0-9]"}}, Key: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, b, s := context.Background(), imageOf(t, layers{{file("a", "pin=1\n"), file("b", "pin=2\n"), file("c", "pin=3\n")}}), &shelf{}
	for _, c := range []struct {
		max  int64
		want int
	}{{2, 2}, {20, 3}, {1, 1}} {
		r := NewReader(Options{TempDir: t.TempDir(), Catalogers: testCatalogers(), Search: search, Limits: Limits{Matches: c.max}})
		a, _, err := r.Image(ctx, b.Input, s)
		if err != nil || len(a.Secrets) != c.want {
			t.Errorf("at most %d: %d secrets, %v", c.max, len(a.Secrets), err)
		}
	}
}
