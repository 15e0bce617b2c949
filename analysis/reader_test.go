package analysis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

func TestBadLayers(t *testing.T) {
	t.Parallel()
	good := tarOf(t, file("a", strings.Repeat("x", 100_000)), file("b", "2"))
	huge := tarOf(t, file("zeros", strings.Repeat("\x00", 4*mib)))
	many := tarOf(t, file("a", ""), file("b", ""), file("c", ""))
	for _, c := range []struct {
		name      string
		blob, tar []byte
		change    func(*box)
		limits    Limits
		code      string
	}{
		{name: "another blob under this digest", blob: gzipped(good), tar: good, code: CodeDigestMismatch, change: func(b *box) {
			for d := range b.blobs {
				b.blobs[d] = gzipped(many)
			}
		}},
		{name: "one byte differs", blob: gzipped(good), tar: good, code: CodeDigestMismatch, change: func(b *box) {
			for d, p := range b.blobs {
				p = bytes.Clone(p)
				p[len(p)/2] ^= 1
				b.blobs[d] = p
			}
		}},
		{name: "longer than said", blob: gzipped(good), tar: good, code: CodeDigestMismatch, change: func(b *box) { b.Manifest.Layers[0].Size -= 10 }},
		{name: "shorter than said", blob: gzipped(good), tar: good, code: CodeDigestMismatch, change: func(b *box) { b.Manifest.Layers[0].Size += 10 }},
		{name: "negative size", blob: gzipped(good), tar: good, code: CodeDigestMismatch, change: func(b *box) { b.Manifest.Layers[0].Size = -1 }},
		{name: "larger than allowed", blob: gzipped(good), tar: good, code: CodeLimit, limits: Limits{LayerStored: 10}},
		{name: "wrong diff ID", blob: gzipped(good), tar: []byte("?"), code: CodeDiffIDMismatch},
		{name: "truncated gzip", blob: gzipped(good)[:100], tar: good, code: CodeTruncated},
		{name: "truncated zstd", blob: zstded(good)[:50], tar: good, code: CodeTruncated},
		{name: "truncated tar", blob: gzipped(good[:50_000]), tar: good[:50_000], code: CodeTruncated},
		{name: "damaged header", blob: append(append(bytes.Clone(good[:len(good)-2048]), bytes.Repeat([]byte("x"), 512)...), make([]byte, 1024)...), tar: nil, code: CodeCorrupt},
		{name: "an error page", blob: []byte("<html>502</html>"), tar: []byte("<html>502</html>"), code: CodeCorrupt},
		{name: "random bytes", blob: bytes.Repeat([]byte("random"), 500), tar: good, code: CodeCorrupt},
		{name: "nothing", blob: nil, tar: nil, code: CodeCorrupt},
		{name: "bzip2", blob: []byte("BZh91AY"), tar: good, code: CodeUnsupported},
		{name: "xz", blob: []byte("\xfd7zXZ\x00\x00"), tar: good, code: CodeUnsupported},
		{name: "too many bytes", blob: gzipped(huge), tar: huge, code: CodeLimit, limits: Limits{LayerBytes: mib}},
		{name: "too many bytes of the image", blob: gzipped(huge), tar: huge, code: CodeLimit, limits: Limits{ImageBytes: mib}},
		{name: "a bomb", blob: gzipped(huge), tar: huge, code: CodeLimit, limits: Limits{RatioFrom: mib, Ratio: 100}},
		{name: "too many entries", blob: gzipped(many), tar: many, code: CodeLimit, limits: Limits{LayerEntries: 2}},
		{name: "too many entries of the image", blob: gzipped(many), tar: many, code: CodeLimit, limits: Limits{ImageEntries: 2}},
		{name: "window too large", blob: zstded(huge), tar: huge, code: CodeLimit, limits: Limits{ZstdWindow: 1 << 10}},
		{name: "one diff ID too few", blob: gzipped(good), tar: good, code: CodeNotAnImage, change: func(b *box) { b.Config.DiffIDs = nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := raw([][]byte{c.blob}, [][]byte{c.tar})
			if c.change != nil {
				c.change(b)
			}
			a, tree, err := testReader(t, c.limits).Image(context.Background(), b.Input, nil)
			var e *Error
			if !errors.As(err, &e) || e.Code != c.code {
				t.Errorf("got %v, want the code %s", err, c.code)
			}
			if a != nil || tree != nil {
				t.Error("there is no partial success")
			}
		})
	}
}

func TestWrappings(t *testing.T) {
	t.Parallel()
	whole := tarOf(t, file("a", "1"), file("b", strings.Repeat("b", 70_000)))
	half := len(whole) / 2
	for _, c := range []struct {
		name string
		blob []byte
		gaps []image.GapKind
	}{
		{"gzip", gzipped(whole), nil},
		{"zstd", zstded(whole), []image.GapKind{image.GapMediaType}},
		{"plain", whole, []image.GapKind{image.GapMediaType}},
		{"gzip of two members", append(gzipped(whole[:half]), gzipped(whole[half:])...), nil},
		{"zstd of two frames", append(zstded(whole[:half]), zstded(whole[half:])...), []image.GapKind{image.GapMediaType}},
		{"gzip with garbage behind", append(gzipped(whole), "garbage"...), []image.GapKind{image.GapUnsupportedContent}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, tree, err := testReader(t, Limits{}).Image(context.Background(), raw([][]byte{c.blob}, [][]byte{whole}).Input, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{"a 1 @0", "b 70000 @0"}, show(tree)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(append([]image.GapKind{}, c.gaps...), gapKinds(a)); d != "" {
				t.Error(d)
			}
			if a.Layers[0].TarSize != int64(len(whole)) || a.CompressedSize != int64(len(c.blob)) {
				t.Errorf("sizes: %+v", a.Layers[0])
			}
		})
	}
}

func TestWhatFollowsTheTarIsTold(t *testing.T) {
	t.Parallel()
	b := append(tarOf(t, file("a", "1")), append(make([]byte, 4096), tarOf(t, file("hidden", "1"))...)...)
	a, tree, err := testReader(t, Limits{}).Image(context.Background(), raw([][]byte{gzipped(b)}, [][]byte{b}).Input, nil)
	if err != nil || len(tree.Files()) != 1 || len(a.Gaps) != 1 || a.Gaps[0].Kind != image.GapUnsupportedContent {
		t.Errorf("%v %v %+v", err, tree, a)
	}
}

func TestFaultOfTheSourceIsNotTheImages(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	for _, blob := range [][]byte{gzipped(tarOf(t, file("a", "1"))), tarOf(t, file("a", "1"))} {
		b := imageOf(t, layers{{file("a", "1")}})
		b.Manifest.Layers[0].Digest, b.Manifest.Layers[0].Size = image.DigestOf(blob), int64(len(blob))
		b.blobs[image.DigestOf(blob)] = blob
		b.fail = broken
		_, _, err := testReader(t, Limits{}).Image(context.Background(), b.Input, nil)
		if !errors.Is(err, broken) || IsImageFault(err) {
			t.Errorf("%v", err)
		}
	}
}

func TestTimeOfAnImage(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := testReader(t, Limits{}).Image(ctx, imageOf(t, layers{{file("a", "1")}}).Input, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	slow := []catalog.Cataloger{{Name: "slow", Want: catalog.Want{Names: []string{"a"}}, Read: func(*catalog.File, *catalog.Found) error {
		time.Sleep(20 * time.Second)
		return nil
	}}}
	r := NewReader(Options{Limits: Limits{ImageTime: 1}, Catalogers: slow, TempDir: t.TempDir()})
	_, _, err := r.Image(context.Background(), imageOf(t, layers{{file("a", "1")}}).Input, nil)
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeLimit {
		t.Errorf("over time: %v", err)
	}
}

func TestCatalogersAreContained(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	want := catalog.Want{Names: []string{"f"}}
	list := []catalog.Cataloger{
		{Name: "panics", Want: want, Read: func(_ *catalog.File, f *catalog.Found) error {
			f.Packages = append(f.Packages, image.Package{Type: image.NPM, Name: "before", Location: "f"})
			panic("index out of range")
		}},
		{Name: "fails", Want: want, Read: func(*catalog.File, *catalog.Found) error { return errors.New("unexpected comma") }},
		{Name: "works", Want: want, Read: func(_ *catalog.File, f *catalog.Found) error {
			f.Packages = append(f.Packages, image.Package{Type: image.NPM, Name: "after", Location: "/f/../f", Files: []image.OwnedFile{{Path: "/x//y"}}})
			return nil
		}, Join: func([]catalog.Found) ([]image.Package, []image.Gap) { panic("no") }},
		{Name: "hangs", Want: want, Read: func(f *catalog.File, _ *catalog.Found) error { <-release; return nil }},
	}
	r := NewReader(Options{Limits: Limits{FileTime: 1}, Catalogers: list, TempDir: t.TempDir()})
	a, _, err := r.Image(context.Background(), imageOf(t, layers{{file("f", "1")}}).Input, nil)
	if err != nil {
		t.Fatal(err)
	}
	want4 := []image.GapKind{image.GapParserFailed, image.GapLimit, image.GapParserFailed, image.GapParserFailed}
	if d := cmp.Diff(want4, gapKinds(a)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"before  f @0"}, packagesOf(a)); d != "" {
		t.Error(d)
	}
}

func TestLargeContentsGoThroughTheSpool(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	big := "\x7fELF" + strings.Repeat("x", 100_000)
	var seen []byte
	list := []catalog.Cataloger{{Name: "exe", Want: catalog.Want{Executables: true}, Read: func(f *catalog.File, found *catalog.Found) error {
		if f.Bytes != nil {
			return errors.New("it should not be in memory")
		}
		var err error
		seen, err = io.ReadAll(f.Reader())
		left, _ := os.ReadDir(dir)
		if len(left) > 0 {
			found.Gap("names_on_disk", fmt.Sprint(left))
		}
		return err
	}}}
	r := NewReader(Options{Limits: Limits{MemoryFile: 1000, Memory: 1000, Spool: 200_000}, Catalogers: list, TempDir: dir})
	tooBig := "\x7fELF" + strings.Repeat("y", 300_000)
	a, tree, err := r.Image(context.Background(), imageOf(t, layers{{file("bin/x", big), file("bin/y", tooBig)}}).Input, nil)
	if err != nil {
		t.Fatal(err)
	}
	if string(seen) != big {
		t.Errorf("the cataloguer saw %d bytes", len(seen))
	}
	if d := cmp.Diff([]image.GapKind{image.GapLimit}, gapKinds(a)); d != "" {
		t.Error(d)
	}
	f, _ := tree.Lookup("bin/y")
	if image.DigestOfSum(f.SHA256) != image.DigestOf([]byte(tooBig)) {
		t.Error("a file of any size is hashed")
	}
}
