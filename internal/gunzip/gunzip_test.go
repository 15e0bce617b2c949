package gunzip

import (
	"bufio"
	"bytes"
	"compress/flate"
	stdgzip "compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
)

// samples are contents that make all kinds of blocks and copies.
func samples() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 600_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	text := make([]byte, 0, 900_000)
	for len(text) < 900_000 {
		text = append(text, words[r.IntN(len(words))]...)
		text = append(text, ' ')
		if r.IntN(50) == 0 {
			from := r.IntN(len(text))
			text = append(text, text[from:min(len(text), from+r.IntN(700))]...)
		}
	}
	skewed := make([]byte, 300_000) // long codes
	for i := range skewed {
		for v := r.Uint32(); v&1 == 1; v >>= 1 {
			skewed[i] += 7
		}
	}
	mixed := append(append(append([]byte{}, text[:100_000]...), noise[:100_000]...), bytes.Repeat([]byte("ab"), 60_000)...)
	return map[string][]byte{
		"empty": {}, "one": {'x'}, "zeros": make([]byte, 1_000_000), "threes": bytes.Repeat([]byte("abc"), 200_000),
		"noise": noise, "text": text, "skewed": skewed, "mixed": mixed,
	}
}

var words = strings.Fields("the landwaiter looks at what ships put ashore and writes down each bale cask chest and crate with its mark weight and owner")

func pack(t testing.TB, level int, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := stdgzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Name, w.Comment, w.Extra = "a name", "a comment", []byte("extra")
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadsWhatOthersWrite(t *testing.T) {
	t.Parallel()
	for name, content := range samples() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 5, 9} {
			packed := append(pack(t, level, content), "behind"...)
			for how, source := range map[string]io.Reader{
				"whole": bytes.NewReader(packed), "halves": iotest.HalfReader(bytes.NewReader(packed)),
			} {
				r := bufio.NewReaderSize(source, 4096)
				z, err := NewReader(r)
				if err != nil {
					t.Fatalf("%s, level %d, %s: %v", name, level, how, err)
				}
				got, err := io.ReadAll(z)
				if err != nil || !bytes.Equal(got, content) {
					t.Errorf("%s, level %d, %s: %d bytes of %d, %v", name, level, how, len(got), len(content), err)
				}
				if rest, _ := io.ReadAll(r); string(rest) != "behind" {
					t.Errorf("%s, level %d, %s: %d bytes left, want what follows the member", name, level, how, len(rest))
				}
			}
		}
	}
}

func TestSmallReadsAndReuse(t *testing.T) {
	t.Parallel()
	content := samples()["text"]
	z := new(Reader)
	for range 2 {
		if err := z.Reset(bufio.NewReader(iotest.OneByteReader(bytes.NewReader(pack(t, 6, content[:50_000]))))); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(iotest.OneByteReader(z))
		if err != nil || !bytes.Equal(got, content[:50_000]) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
}

func TestEveryTruncationIsTold(t *testing.T) {
	t.Parallel()
	for name, content := range map[string][]byte{"text": samples()["text"][:3000], "noise": samples()["noise"][:300]} {
		for _, level := range []int{0, 6} {
			packed := pack(t, level, content)
			for n := range packed {
				z, err := NewReader(bufio.NewReader(bytes.NewReader(packed[:n])))
				if err == nil {
					_, err = io.Copy(io.Discard, z)
				}
				if !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("%s, level %d, %d of %d bytes: %v", name, level, n, len(packed), err)
				}
			}
		}
	}
}

func TestDamage(t *testing.T) {
	t.Parallel()
	good := pack(t, 6, samples()["text"][:5000])
	change := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 0x40
		return b
	}
	head := "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"magic", change(0), ErrHeader},
		{"method", change(2), ErrHeader},
		{"checksum", change(len(good) - 8), ErrChecksum},
		{"size", change(len(good) - 1), ErrChecksum},
		{"endless name", []byte("\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff" + strings.Repeat("n", 1000)), ErrHeader},
		{"block type", []byte(head + "\x07" + strings.Repeat("\x00", 20)), errCorrupt},
		{"stored length", []byte(head + "\x01\x05\x00\x05\x00abcde" + strings.Repeat("\x00", 20)), errCorrupt},
		{"distance before the beginning", []byte(head + "\x63\x00\x42\x00\x00" + strings.Repeat("\x00", 20)), nil},
	} {
		z, err := NewReader(bufio.NewReader(bytes.NewReader(tt.data)))
		if err == nil {
			_, err = io.Copy(io.Discard, z)
		}
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestErrorsOfTheSourceStay(t *testing.T) {
	t.Parallel()
	broken := errors.New("the network is gone")
	packed := pack(t, 6, samples()["noise"])
	for _, n := range []int{5, 5000, len(packed) - 4} {
		z, err := NewReader(bufio.NewReader(io.MultiReader(bytes.NewReader(packed[:n]), iotest.ErrReader(broken))))
		if err == nil {
			_, err = io.Copy(io.Discard, z)
		}
		if !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// FuzzReader compares with the standard library: what one takes, the other takes, and reads the same, to the same byte.
func FuzzReader(f *testing.F) {
	for name, content := range samples() {
		if len(content) > 3000 {
			content = content[:3000]
		}
		for _, level := range []int{flate.HuffmanOnly, 0, 6} {
			f.Add(pack(f, level, content)[38:]) // behind the header
		}
		f.Add([]byte(name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 1 << 20
		theirs := bufio.NewReader(bytes.NewReader(data))
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(theirs), most))
		ours := bufio.NewReader(bytes.NewReader(data))
		d := new(inflater)
		d.reset(ours)
		got, err := io.ReadAll(io.LimitReader(d, most))
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("error %v, want %v", err, wantErr)
		}
		if wantErr != nil {
			return
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, want %d", len(got), len(want))
		}
		if len(got) < most {
			rest, _ := io.ReadAll(ours)
			wantRest, _ := io.ReadAll(theirs)
			if diff := cmp.Diff(wantRest, rest); diff != "" {
				t.Fatalf("what is left (-want +got):\n%s", diff)
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	for _, name := range []string{"text", "skewed", "noise"} {
		content := samples()[name]
		packed := pack(b, 6, content)
		for _, by := range []struct {
			name string
			open func(*bufio.Reader) (io.Reader, error)
		}{
			{"ours", func(r *bufio.Reader) (io.Reader, error) { return NewReader(r) }},
			{"klauspost", func(r *bufio.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
			{"standard", func(r *bufio.Reader) (io.Reader, error) { return stdgzip.NewReader(r) }},
		} {
			b.Run(name+"/"+by.name, func(b *testing.B) {
				b.SetBytes(int64(len(content)))
				for b.Loop() {
					z, err := by.open(bufio.NewReaderSize(bytes.NewReader(packed), 256<<10))
					if err != nil {
						b.Fatal(err)
					}
					if _, err := io.Copy(io.Discard, z); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
