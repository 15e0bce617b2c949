package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

const control = "Package: hello\nVersion: 1.0-1\nArchitecture: amd64\nMulti-Arch: same\nDescription: greets\n at length\n"

// tarOf makes a tar file of names and bodies; a name with a slash at its end is a folder.
func tarOf(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: pairs[i], Mode: 0o644, Size: int64(len(pairs[i+1]))}
		if strings.HasSuffix(h.Name, "/") {
			h.Typeflag, h.Mode = tar.TypeDir, 0o755
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packed compresses for the ending.
func packed(t testing.TB, ending string, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch ending {
	case "":
		return plain
	case ".gz":
		w = gzip.NewWriter(&b)
	case ".xz":
		w, err = xz.NewWriter(&b)
	case ".zst":
		w, err = zstd.NewWriter(&b)
	}
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// arOf makes an ar archive of names and bodies.
func arOf(pairs ...string) []byte {
	b := []byte(arMagic)
	for i := 0; i < len(pairs); i += 2 {
		b = fmt.Appendf(b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n%s", pairs[i], 0, 0, 0, "100644", len(pairs[i+1]), pairs[i+1])
		if len(pairs[i+1])%2 == 1 {
			b = append(b, '\n')
		}
	}
	return b
}

func debOf(t testing.TB, control, ending string, data ...string) []byte {
	t.Helper()
	return arOf("debian-binary", "2.0\n",
		"control.tar"+ending, string(packed(t, ending, tarOf(t, "./", "", "./control", control, "./md5sums", "0  usr/hello\n"))),
		"data.tar"+ending, string(packed(t, ending, tarOf(t, data...))))
}

func TestReadDebOfEachCompression(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{"", ".gz", ".xz", ".zst"} {
		got := map[string]string{}
		d, err := readDeb(bytes.NewReader(debOf(t, control, ending, "./", "", "./usr/", "", "./usr/hello", "hello!")), func(h *tar.Header, r io.Reader) error {
			body, err := io.ReadAll(r)
			got[h.Name] = string(body)
			return err
		})
		if err != nil {
			t.Errorf("%q: %v", ending, err)
			continue
		}
		if diff := cmp.Diff(&deb{Control: control, MD5Sums: "0  usr/hello\n"}, d); diff != "" {
			t.Errorf("%q: package (-want +got):\n%s", ending, diff)
		}
		if diff := cmp.Diff(map[string]string{"./": "", "./usr/": "", "./usr/hello": "hello!"}, got); diff != "" {
			t.Errorf("%q: data (-want +got):\n%s", ending, diff)
		}
	}
}

func TestReadDebRefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	good := debOf(t, control, ".xz", "./a", "b")
	for name, in := range map[string][]byte{
		"empty":             nil,
		"a web page":        []byte("<html>sorry</html>"),
		"cut in a header":   good[:len(arMagic)+30],
		"cut in the data":   good[:len(good)-20],
		"no data":           arOf("debian-binary", "2.0\n", "control.tar", string(tarOf(t, "./control", control))),
		"no control":        arOf("debian-binary", "2.0\n", "data.tar", string(tarOf(t, "./a", "b"))),
		"an empty control":  debOf(t, "", ".gz", "./a", "b"),
		"no such packing":   arOf("control.tar.lz", "x"),
		"a negative size":   []byte(arMagic + fmt.Sprintf("%-16s%-12d%-6d%-6d%-8s%-10d`\n", "control.tar", 0, 0, 0, "100644", -5)),
		"a size that lies":  []byte(arMagic + fmt.Sprintf("%-16s%-12d%-6d%-6d%-8s%-10d`\n", "data.tar", 0, 0, 0, "100644", 1<<40)),
		"data that is none": arOf("control.tar", string(tarOf(t, "./control", control)), "data.tar", strings.Repeat("x", 1024)),
	} {
		if d, err := readDeb(bytes.NewReader(in), func(*tar.Header, io.Reader) error { return nil }); err == nil {
			t.Errorf("%s: read as %+v", name, d)
		}
	}
}

func TestInstalledWritesWhatDpkgWouldKnow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := filepath.Join(dir, "1.deb"), filepath.Join(dir, "2.deb")
	for name, text := range map[string][]byte{
		one: debOf(t, control, ".xz", "./", "", "./usr/", "", "./usr/hello", "hello!"),
		two: debOf(t, "Package: other\nVersion: 2\nArchitecture: all\n", ".gz", "./usr/", "", "./usr/hello", "twice", "../../etc/evil", "x"),
	} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	debs, err := installed(&b, []string{one, two})
	if err != nil || len(debs) != 2 {
		t.Fatalf("%d packages, %v", len(debs), err)
	}
	want := map[string]string{
		"usr/": "", "usr/hello": "hello!", "etc/evil": "x",
		"var/": "", "var/lib/": "", "var/lib/dpkg/": "", "var/lib/dpkg/info/": "",
		"var/lib/dpkg/info/hello:amd64.list":    "/.\n/usr\n/usr/hello\n",
		"var/lib/dpkg/info/hello:amd64.md5sums": "0  usr/hello\n",
		"var/lib/dpkg/info/other.list":          "/.\n/usr\n/usr/hello\n/etc/evil\n",
		"var/lib/dpkg/info/other.md5sums":       "0  usr/hello\n",
		"var/lib/dpkg/status": "Package: hello\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\nMulti-Arch: same\nDescription: greets\n at length\n\n" +
			"Package: other\nStatus: install ok installed\nVersion: 2\nArchitecture: all\n\n",
	}
	if diff := cmp.Diff(want, entries(t, b.Bytes())); diff != "" {
		t.Errorf("layer (-want +got):\n%s", diff)
	}
}

// entries reads a tar file, and fails when a name comes twice.
func entries(t testing.TB, layer []byte) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := eachEntry("layer.tar", bytes.NewReader(layer), func(h *tar.Header, r io.Reader) error {
		body, err := io.ReadAll(r)
		if _, twice := got[h.Name]; twice {
			t.Errorf("%s is there twice", h.Name)
		}
		got[h.Name] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func FuzzReadDeb(f *testing.F) {
	f.Add(debOf(f, control, ".xz", "./a", "b"))
	f.Add(debOf(f, control, "", "./a", "b"))
	f.Add([]byte(arMagic))
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := readDeb(bytes.NewReader(in), func(_ *tar.Header, r io.Reader) error {
			_, err := io.CopyN(io.Discard, r, 1<<20)
			if err == io.EOF {
				err = nil
			}
			return err
		})
		if err == nil && (d.field("Package") == "" || d.field("Version") == "") {
			t.Errorf("a package without name or version: %+v", d)
		}
	})
}
