package zipdir

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func build(t testing.TB, stored bool, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		h := &zip.FileHeader{Name: files[i], Method: zip.Deflate}
		if stored {
			h.Method = zip.Store
		}
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(f, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func all([]byte) bool { return true }

func read(t *testing.T, data []byte) map[string]string {
	t.Helper()
	a, err := Open(bytes.NewReader(data), int64(len(data)), 1000, all)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for i := range a.Entries {
		b, err := a.Read(&a.Entries[i], 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		got[a.Entries[i].Name] = string(b)
	}
	return got
}

func TestRead(t *testing.T) {
	t.Parallel()
	want := map[string]string{"a": strings.Repeat("hello ", 1000), "../../b": "", "META-INF/c": "x"}
	files := []string{"a", want["a"], "../../b", "", "META-INF/c", "x"}
	for name, data := range map[string][]byte{
		"deflated":        build(t, false, files...),
		"stored":          build(t, true, files...),
		"behind a script": append([]byte("#!/bin/sh\nexec java -jar $0\n"), build(t, false, files...)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(want, read(t, data)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestStoredEntryIsReadInPlace(t *testing.T) {
	t.Parallel()
	data := build(t, true, "a", "hello")
	a, err := Open(bytes.NewReader(data), int64(len(data)), 10, all)
	if err != nil {
		t.Fatal(err)
	}
	s, err := a.Section(&a.Entries[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(s, []byte("hello")); err != nil {
		t.Error(err)
	}
}

func TestOnlyWantedEntriesAreKept(t *testing.T) {
	t.Parallel()
	data := build(t, false, "a.class", "1", "a.jar", "2", "b.class", "3")
	a, err := Open(bytes.NewReader(data), int64(len(data)), 3, func(n []byte) bool { return bytes.HasSuffix(n, []byte(".jar")) })
	if err != nil || len(a.Entries) != 1 || a.Entries[0].Name != "a.jar" {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	data := build(t, false, "a", strings.Repeat("x", 1000), "b", "y", "c", "z")
	a, err := Open(bytes.NewReader(data), int64(len(data)), 2, all)
	if !errors.Is(err, ErrTooMany) || a == nil || len(a.Entries) != 2 {
		t.Errorf("got %v, %v; want the first two entries and ErrTooMany", a, err)
	}
	if _, err := a.Read(&a.Entries[0], 999); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

// What is broken is an error, with the entries before it where there are any.
func TestBroken(t *testing.T) {
	t.Parallel()
	good := build(t, false, "a", strings.Repeat("x", 1000), "b", strings.Repeat("y", 1000))
	end := len(good) - endLength
	change := func(at int, b ...byte) []byte {
		d := bytes.Clone(good)
		copy(d[at:], b)
		return d
	}
	for name, data := range map[string][]byte{
		"empty":                       nil,
		"text":                        []byte("this is not a zip file\n"),
		"cut":                         good[:len(good)/2],
		"all ones":                    []byte("PK\x05\x06" + strings.Repeat("\xff", 18)),
		"directory outside":           change(end+16, 0xf0, 0xff, 0xff, 0xff),
		"more entries than there are": change(end+10, 0xff, 0x7f),
		"wrong data":                  change(40, 1, 2, 3, 4),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := Open(bytes.NewReader(data), int64(len(data)), 1000, all)
			for i := 0; a != nil && i < len(a.Entries); i++ {
				_, e := a.Read(&a.Entries[i], 1<<20)
				err = errors.Join(err, e)
			}
			if !errors.Is(err, ErrFormat) {
				t.Errorf("got %v, want ErrFormat", err)
			}
		})
	}
}

// An entry that claims a gigabyte in a hundred bytes costs nothing.
func TestFalseSizes(t *testing.T) { // counts allocations: not parallel
	data := build(t, false, "a", strings.Repeat("x", 1000))
	dir := bytes.Index(data, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(data[dir+24:], 1<<30)
	a, err := Open(bytes.NewReader(data), int64(len(data)), 10, all)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1, func() { _, err = a.Read(&a.Entries[0], 2<<30) }); n > 20 || !errors.Is(err, ErrFormat) {
		t.Errorf("%v allocations, error %v", n, err)
	}
}

func TestLargeArchiveCostsOnlyWhatIsWanted(t *testing.T) { // counts allocations: not parallel
	files := make([]string, 0, 40000)
	for i := range 20000 {
		files = append(files, fmt.Sprintf("c/%05d.class", i), "")
	}
	data := build(t, true, files...)
	n := testing.AllocsPerRun(1, func() {
		a, err := Open(bytes.NewReader(data), int64(len(data)), 20000, func([]byte) bool { return false })
		if err != nil || len(a.Entries) != 0 {
			t.Errorf("got %v, %v", a, err)
		}
	})
	if n > 50 {
		t.Errorf("%v allocations for entries that nobody wanted", n)
	}
}

// FuzzOpen: no panic, and whatever archive/zip reads is read with the same content.
func FuzzOpen(f *testing.F) {
	f.Add(build(f, false, "a", strings.Repeat("hello ", 100), "META-INF/c", "x"))
	f.Add(build(f, true, "a", "b"))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\xff", 18)))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Open(bytes.NewReader(data), int64(len(data)), 100, all)
		if a == nil {
			return
		}
		std, stdErr := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		for i := range a.Entries {
			e := &a.Entries[i]
			got, readErr := a.Read(e, 1<<20)
			if s, err := a.Section(e); err == nil && s != nil {
				_, _ = io.Copy(io.Discard, s)
			}
			if err != nil || stdErr != nil || len(std.File) != len(a.Entries) || readErr == nil && int64(len(got)) != e.Size {
				continue
			}
			r, err := std.File[i].Open()
			if err != nil {
				continue
			}
			want, err := io.ReadAll(io.LimitReader(r, 1<<20))
			if err == nil && readErr == nil && !bytes.Equal(want, got) {
				t.Fatalf("entry %q: content differs from archive/zip", e.Name)
			}
		}
	})
}
