package analysis

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

// entry is one tar entry of a hand-made layer.
type entry struct {
	tar.Header
	data string
}

func file(name, data string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data))}, data}
}

func dir(name string) entry {
	return entry{tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}, ""}
}

func symlink(name, target string) entry {
	return entry{tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}, ""}
}

func hard(name, target string) entry {
	return entry{tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target, Mode: 0o644}, ""}
}

func (e entry) mode(m int64) entry { e.Mode = m; return e }

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		e.ModTime = time.Unix(1_700_000_000, 0)
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

func zstded(b []byte) []byte {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	defer z.Close()
	return z.EncodeAll(b, nil)
}

// box is an image in memory; it counts what is opened.
type box struct {
	Input
	mu     sync.Mutex
	blobs  map[image.Digest][]byte
	opened map[image.Digest]int
	fail   error
}

func (b *box) OpenBlob(_ context.Context, d image.Descriptor) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opened[d.Digest]++
	data, ok := b.blobs[d.Digest]
	if !ok {
		return nil, errors.New("no such blob")
	}
	r := io.Reader(bytes.NewReader(data))
	if b.fail != nil {
		r = io.MultiReader(bytes.NewReader(data[:len(data)/2]), failing{b.fail})
	}
	return io.NopCloser(r), nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// raw makes an image of blobs and the tars that they are said to hold.
func raw(blobs, tars [][]byte) *box {
	b := &box{blobs: map[image.Digest][]byte{}, opened: map[image.Digest]int{}}
	b.Blobs = b
	b.Manifest = image.Manifest{Digest: image.DigestOf([]byte("manifest")), MediaType: "application/vnd.oci.image.manifest.v1+json"}
	b.Manifest.Config.Digest = image.DigestOf([]byte("config"))
	b.Config.Platform = image.DefaultPlatform
	for i := range blobs {
		d := image.Descriptor{MediaType: "application/vnd.oci.image.layer.v1.tar+gzip", Digest: image.DigestOf(blobs[i]), Size: int64(len(blobs[i]))}
		b.blobs[d.Digest] = blobs[i]
		b.Manifest.Layers = append(b.Manifest.Layers, d)
		b.Config.DiffIDs = append(b.Config.DiffIDs, image.DigestOf(tars[i]))
	}
	return b
}

type layers [][]entry

func imageOf(t testing.TB, ls layers) *box {
	t.Helper()
	var blobs, tars [][]byte
	for _, l := range ls {
		b := tarOf(t, l...)
		tars, blobs = append(tars, b), append(blobs, gzipped(b))
	}
	return raw(blobs, tars)
}

// testCatalogers are small but use every way of wanting a file. A database has lines "name version [file…]".
func testCatalogers() []catalog.Cataloger {
	lines := func(kind image.PackageType) func(*catalog.File, *catalog.Found) error {
		return func(f *catalog.File, found *catalog.Found) error {
			b, err := io.ReadAll(f.Reader())
			if err != nil {
				return err
			}
			for line := range strings.Lines(string(b)) {
				w := strings.Fields(line)
				if len(w) < 2 {
					return fmt.Errorf("line %q", line)
				}
				p := image.Package{Type: kind, Name: w[0], Version: w[1], Location: f.Path}
				for _, name := range w[2:] {
					p.Files = append(p.Files, image.OwnedFile{Path: image.Path(name), Size: -1})
				}
				found.Packages = append(found.Packages, p)
			}
			return nil
		}
	}
	return []catalog.Cataloger{
		{Name: "os", Revision: 1, Want: catalog.Want{Paths: []image.Path{"lib/db", "usr/lib/db"}, In: []image.Path{"var/status.d"}}, Read: lines(image.Deb)},
		{Name: "lang", Revision: 1, Want: catalog.Want{Names: []string{"package.json"}, Suffixes: []string{".jar"}, Parents: map[string][]string{".dist-info": {"METADATA"}}}, Read: lines(image.NPM)},
		{Name: "exe", Revision: 1, Want: catalog.Want{Executables: true}, Read: func(f *catalog.File, found *catalog.Found) error {
			found.Packages = append(found.Packages, image.Package{Type: image.Golang, Name: "exe", Version: fmt.Sprint(f.Size), Location: f.Path})
			return nil
		}},
	}
}

func testReader(t testing.TB, lim Limits) *Reader {
	t.Helper()
	return NewReader(Options{Limits: lim, TempDir: t.TempDir(), Catalogers: testCatalogers()})
}

func analysed(t testing.TB, ls layers) (*image.Analysis, *Tree) {
	t.Helper()
	a, tree, err := testReader(t, Limits{}).Image(context.Background(), imageOf(t, ls).Input, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a, tree
}

// show is the tree in one line a path: "path kind[=content digest's beginning or target]@layer".
func show(tree *Tree) []string {
	out := []string{}
	for _, f := range tree.Files() {
		s := string(f.Path)
		switch f.Type {
		case image.Directory:
			s += "/"
		case image.Symlink:
			s += " -> " + f.Link
		case image.Regular:
			s += fmt.Sprintf(" %d", f.Size)
		default:
			s += " other"
		}
		out = append(out, fmt.Sprintf("%s @%d", s, f.Layer))
	}
	return out
}

func packagesOf(a *image.Analysis) []string {
	out := []string{}
	for _, p := range a.Packages {
		s := fmt.Sprintf("%s %s %s @%d", p.Name, p.Version, p.Location, p.Layer)
		if p.OwnedBy != nil {
			s += " by " + p.OwnedBy.Name
		}
		out = append(out, s)
	}
	sort.Strings(out)
	return out
}

func gapKinds(a *image.Analysis) []image.GapKind {
	out := []image.GapKind{}
	for _, g := range a.Gaps {
		out = append(out, g.Kind)
	}
	return out
}
