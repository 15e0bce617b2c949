package analysis

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

// BenchmarkMerge merges reports of 50,000 files in six layers and 500 packages that own and verify most of them.
func BenchmarkMerge(b *testing.B) {
	in, reports := mergeInput()
	o := mergeOptions{catalogers: catalog.All(), limits: DefaultLimits()}
	b.ReportAllocs()
	files := 0
	for b.Loop() {
		a, _, err := merge(in.Manifest, in.Config, reports, nil, o)
		if err != nil {
			b.Fatal(err)
		}
		if files = a.Files.Regular; len(a.Packages) != 500 || a.Verification.Compared < 40_000 {
			b.Fatalf("%d packages, %d files compared", len(a.Packages), a.Verification.Compared)
		}
	}
	b.ReportMetric(float64(files)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mfiles/s")
}

func mergeInput() (Input, []*Report) {
	const layers, packages, files = 6, 500, 50_000
	blobs := make([][]byte, layers)
	reports := make([]*Report, layers)
	for i := range layers {
		blobs[i] = []byte{byte(i)}
		reports[i] = &Report{}
	}
	in := raw(blobs, blobs).Input
	list := make([]image.Package, packages)
	for i := range list {
		list[i] = image.Package{Type: image.RPM, Name: fmt.Sprintf("p%03d", i), Version: "1-1", Arch: "x86_64", Location: "var/lib/rpm/rpmdb.sqlite"}
	}
	for i := range files {
		p := image.Path(fmt.Sprintf("usr/share/d%03d/f%05d", i%700, i))
		sum := sha256.Sum256([]byte(p))
		r := reports[i%layers]
		r.Files = append(r.Files, image.File{Path: p, Type: image.Regular, Mode: 0o644, Size: 100, SHA256: sum[:]})
		if i%10 != 0 {
			owner := &list[i%packages]
			owner.Files = append(owner.Files, image.OwnedFile{Path: p, Algorithm: "sha256", Digest: hex.EncodeToString(sum[:]), Mode: 0o100644, Size: 100})
		}
	}
	db := image.Path("var/lib/rpm/rpmdb.sqlite")
	sum := md5.Sum(nil)
	reports[0].Files = append(reports[0].Files, image.File{Path: db, Type: image.Regular, Mode: 0o644, SHA256: append(sum[:], sum[:]...)})
	for i, r := range reports {
		r.Layer = image.LayerID{Blob: in.Manifest.Layers[i].Digest, DiffID: in.Config.DiffIDs[i]}
		slices.SortFunc(r.Files, func(a, b image.File) int { return comparePaths(a.Path, b.Path) })
	}
	reports[0].Found = []catalog.Found{{Cataloger: "rpm", Path: db, Packages: list}}
	return in, reports
}

// BenchmarkMemory reads images of growing size that lie on a disk: what they cost in memory must not grow with them.
func BenchmarkMemory(b *testing.B) {
	for _, mb := range []int{32, 128, 256} {
		b.Run(fmt.Sprintf("%dMB", mb), func(b *testing.B) {
			in := sized(b, mb<<20)
			r := NewReader(Options{TempDir: b.TempDir()})
			peak := watchHeap(b)
			for b.Loop() {
				if _, _, err := r.Image(context.Background(), in, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(peak.Load())/mib, "peak-heap-MiB")
			b.ReportMetric(float64(mb)*float64(b.N)/b.Elapsed().Seconds(), "MB/s")
		})
	}
}

// sized is an image of one layer with so many bytes in files of all sizes, some of which cataloguers want.
func sized(b *testing.B, bytes int) Input {
	b.Helper()
	dir := b.TempDir()
	f, err := os.Create(filepath.Join(dir, "blob"))
	if err != nil {
		b.Fatal(err)
	}
	stored, plain := sha256.New(), sha256.New()
	z := gzip.NewWriter(io.MultiWriter(f, stored))
	w := tar.NewWriter(io.MultiWriter(z, plain))
	rnd := rand.New(rand.NewPCG(7, uint64(bytes)))
	chunk := make([]byte, 1<<20)
	for i := range chunk {
		chunk[i] = "0123456789abcdef \n"[rnd.IntN(18)]
	}
	for i := 0; bytes > 0; i++ {
		n := min(bytes, 1<<(8+rnd.IntN(18)))
		name := fmt.Sprintf("usr/share/f%d", i)
		if n > 4<<20 && i%2 == 0 {
			name += ".jar" // of no use, and yet to be held
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(n), Mode: 0o644}); err != nil {
			b.Fatal(err)
		}
		bytes -= n
		for ; n > 0; n -= min(n, len(chunk)) {
			if _, err := w.Write(chunk[:min(n, len(chunk))]); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, c := range []io.Closer{w, z, f} {
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
	info, err := os.Stat(f.Name())
	if err != nil {
		b.Fatal(err)
	}
	d := image.Descriptor{MediaType: "application/vnd.oci.image.layer.v1.tar+gzip", Digest: image.DigestOfSum(stored.Sum(nil)), Size: info.Size()}
	if err := os.Rename(f.Name(), filepath.Join(dir, d.Digest.Hex())); err != nil {
		b.Fatal(err)
	}
	in := Input{Blobs: blobDir(dir)}
	in.Manifest = image.Manifest{Digest: image.DigestOf([]byte("m")), Layers: []image.Descriptor{d}}
	in.Config.DiffIDs = []image.Digest{image.DigestOfSum(plain.Sum(nil))}
	return in
}

// watchHeap looks at the heap from time to time until the benchmark ends, and keeps the most it saw.
func watchHeap(b *testing.B) *atomic.Uint64 {
	b.Helper()
	debug.FreeOSMemory()
	var peak atomic.Uint64
	done := make(chan struct{})
	b.Cleanup(func() { close(done) })
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapInuse))
			}
		}
	}()
	return &peak
}
