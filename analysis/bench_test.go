package analysis

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

// BenchmarkLayer reads an image with every cataloguer, and beside it, in the same run, the floor: the least that any
// analyser must do, which is to hash, decompress, hash again and walk the tar, layers in parallel. It prints the ratio
// of the two and the peak memory of the process. The image is a generated one, or that of the OCI layout directory in
// LANDWAITER_BENCH_IMAGE.
func BenchmarkLayer(b *testing.B) {
	in := benchImage(b)
	r := NewReader(Options{TempDir: b.TempDir(), Catalogers: catalog.All()})
	ctx := context.Background()
	var size int64
	var floor, ours time.Duration
	for b.Loop() {
		start := time.Now()
		if err := readFloor(ctx, in); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		a, _, err := r.Image(ctx, in, nil)
		if err != nil {
			b.Fatal(err)
		}
		floor += middle.Sub(start)
		ours += time.Since(middle)
		for _, l := range a.Layers {
			size += l.TarSize
		}
	}
	n := float64(b.N)
	b.ReportMetric(floor.Seconds()/n, "floor-s/op")
	b.ReportMetric(ours.Seconds()/n, "analysis-s/op")
	b.ReportMetric(ours.Seconds()/floor.Seconds(), "x-floor")
	b.ReportMetric(float64(size)/ours.Seconds()/1e6, "MB/s")
	if peak := peakMemory(); peak > 0 {
		b.ReportMetric(float64(peak)/mib, "peak-MiB")
	}
}

// BenchmarkKnown is the same image when all its layers are known and lie on a disk: they are hashed again.
func BenchmarkKnown(b *testing.B) {
	in := benchImage(b)
	r := NewReader(Options{TempDir: b.TempDir()})
	s := &shelf{}
	ctx := context.Background()
	start := time.Now()
	if _, _, err := r.Image(ctx, in, s); err != nil {
		b.Fatal(err)
	}
	first := time.Since(start)
	for b.Loop() {
		if _, _, err := r.Image(ctx, in, s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/first.Seconds(), "x-first")
}

func benchImage(b *testing.B) Input {
	b.Helper()
	if dir := os.Getenv("LANDWAITER_BENCH_IMAGE"); dir != "" {
		return layout(b, dir)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("the layer of an image is a tar of files and each file has a name a mode and some bytes")
	text := func(n int) string {
		var s strings.Builder
		for s.Len() < n {
			s.WriteString(words[rnd.IntN(len(words))])
			if rnd.IntN(4) == 0 {
				fmt.Fprintf(&s, "%x", rnd.Uint32())
			}
			s.WriteByte(' ')
		}
		return s.String()
	}
	var ls layers
	for i, files := range []int{2000, 600, 200} {
		l := []entry{file("etc/os-release", debian)}
		for k := range files {
			l = append(l, file(fmt.Sprintf("usr/lib/l%d/d%d/f%d", i, k%50, k), text(1+rnd.IntN(30_000))))
		}
		l = append(l, file(fmt.Sprintf("usr/bin/b%d", i), "\x7fELF"+text(4<<20)))
		ls = append(ls, l)
	}
	return imageOf(b, ls).Input
}

// layout reads the first manifest of an OCI layout directory, without any check: it is for benchmarks.
func layout(b testing.TB, dir string) Input {
	b.Helper()
	load := func(v any, elem ...string) []byte {
		raw, err := os.ReadFile(filepath.Join(append([]string{dir}, elem...)...))
		if err == nil {
			err = json.Unmarshal(raw, v)
		}
		if err != nil {
			b.Fatal(err)
		}
		return raw
	}
	var index struct{ Manifests []image.Descriptor }
	load(&index, "index.json")
	var m struct {
		Config image.Descriptor
		Layers []image.Descriptor
	}
	raw := load(&m, "blobs", "sha256", index.Manifests[0].Digest.Hex())
	var c struct {
		RootFS struct {
			DiffIDs []image.Digest `json:"diff_ids"`
		} `json:"rootfs"`
	}
	load(&c, "blobs", "sha256", m.Config.Digest.Hex())
	in := Input{Blobs: blobDir(filepath.Join(dir, "blobs", "sha256"))}
	in.Manifest = image.Manifest{Raw: raw, Digest: index.Manifests[0].Digest, Config: m.Config, Layers: m.Layers}
	in.Config.DiffIDs = c.RootFS.DiffIDs
	return in
}

type blobDir string

func (d blobDir) OpenBlob(_ context.Context, desc image.Descriptor) (io.ReadCloser, error) {
	return os.Open(filepath.Join(string(d), desc.Digest.Hex()))
}

func readFloor(ctx context.Context, in Input) error {
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	errs := make(chan error, len(in.Manifest.Layers))
	var wg sync.WaitGroup
	for _, l := range in.Manifest.Layers {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs <- floorOf(ctx, in.Blobs, l)
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func floorOf(ctx context.Context, blobs Blobs, l image.Descriptor) error {
	f, err := blobs.OpenBlob(ctx, l)
	if err != nil {
		return err
	}
	defer f.Close()
	stored, unpacked := sha256.New(), sha256.New()
	br := bufio.NewReaderSize(io.TeeReader(f, stored), 1<<20)
	var r io.Reader = br
	magic, _ := br.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		if r, err = gzip.NewReader(br); err != nil {
			return err
		}
	case bytes.Equal(magic, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(br)
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	}
	tee := io.TeeReader(r, unpacked)
	tr := tar.NewReader(tee)
	buf := make([]byte, 1<<18)
	for {
		if _, err = tr.Next(); err != nil {
			break
		}
		if _, err = io.CopyBuffer(io.Discard, struct{ io.Reader }{tr}, buf); err != nil {
			break
		}
	}
	if err != io.EOF {
		return err
	}
	if _, err = io.Copy(io.Discard, tee); err == nil {
		_, err = io.Copy(io.Discard, br)
	}
	if got := image.DigestOfSum(stored.Sum(nil)); err == nil && got != l.Digest {
		return fmt.Errorf("%s is %s", l.Digest, got)
	}
	unpacked.Sum(nil)
	return err
}

// peakMemory is the most that the process has held, in bytes; 0 where the system does not say.
func peakMemory() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kb); n == 1 {
			return kb * kib
		}
	}
	return 0
}
