package feed

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"landwaiter.dev/advisory"
)

// tarOf makes a tar of files.
func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		err := w.WriteHeader(&tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.content))})
		if err == nil {
			_, err = w.Write([]byte(e.content))
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

func zstded(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

func xzed(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read gathers what a reader yields.
func read(records iter.Seq2[*advisory.Record, error]) (r result) {
	for record, err := range records {
		var refused *Refused
		var problem *Problem
		switch {
		case errors.As(err, &refused):
			r.refused = refused.Error()
		case errors.As(err, &problem):
			r.problems = append(r.problems, problem.Error())
		case err != nil:
			r.problems = append(r.problems, "neither problem nor refusal: "+err.Error())
		}
		if record != nil {
			r.ids = append(r.ids, record.ID)
		}
	}
	return r
}

func readRedHat(data []byte) result {
	return read(ReadRedHat(bytes.NewReader(data), int64(len(data)), redHatPart))
}

func TestAnArchiveOfVEXDocuments(t *testing.T) {
	t.Parallel()
	good := string(sample(t, "cve-2024-99901.json"))
	foreign := `{"document":{"category":"csaf_vex","csaf_version":"2.0"},"vulnerabilities":[{"cve":"CVE-2024-0002"}]}`
	plain := tarOf(t, entry{"2024/cve-2024-0002.json", foreign}, entry{"2024/cve-2024-0003.json", "{"}, entry{"README", "x"}, entry{"2024/cve-2024-99901.json", good})
	want := result{ids: []string{"REDHAT-CVE-2024-99901"}, problems: []string{`"REDHAT-CVE-2024-0003": it is not a CSAF document: unexpected end of JSON input; skipped`}}
	for name, data := range map[string][]byte{"zstd": zstded(t, plain), "xz": xzed(t, plain), "not compressed": plain} {
		if diff := cmp.Diff(want, readRedHat(data), cmp.AllowUnexported(result{})); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	ubuntu := xzed(t, tarOf(t, entry{"vex/cve/2024/CVE-2024-99902.json", string(sample(t, "CVE-2024-99902.json"))}, entry{"vex/usn/USN-1.json", "{"}))
	if got := read(ReadUbuntu(bytes.NewReader(ubuntu), int64(len(ubuntu)), ubuntuPart)); !cmp.Equal(got, result{ids: []string{"UBUNTU-VEX-CVE-2024-99902"}}, cmp.AllowUnexported(result{})) {
		t.Errorf("%+v", got)
	}
}

func TestBrokenArchivesAreRefused(t *testing.T) {
	t.Parallel()
	plain := tarOf(t, entry{"cve-2024-99901.json", string(sample(t, "cve-2024-99901.json"))})
	whole, inXZ := zstded(t, plain), xzed(t, plain)
	damaged := bytes.Clone(whole)
	damaged[len(damaged)-1] ^= 1 // its checksum, behind the end of the tar
	hungry := bytes.Clone(inXZ)
	hungry[12+4] = 40 // 4 GiB of dictionary
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":                {nil, "it is empty"},
		"a web page":           {[]byte("\n <!DOCTYPE html><html>"), "a web page"},
		"something else":       {bytes.Repeat([]byte("x"), 2000), "truncated or damaged"},
		"cut":                  {whole[:len(whole)/2], "truncated or damaged"},
		"cut inside the tar":   {zstded(t, plain[:700]), "truncated or damaged"},
		"a wrong checksum":     {damaged, "truncated or damaged"},
		"xz, cut":              {inXZ[:len(inXZ)-20], "truncated or damaged"},
		"xz that takes memory": {hungry, "4095 MiB of memory"},
		"nothing in it":        {zstded(t, tarOf(t, entry{"README", "x"})), "no document that can be read among its 0"},
		"nothing good in it":   {zstded(t, tarOf(t, entry{"a.json", "{"})), "no document that can be read among its 1"},
	} {
		if r := readRedHat(c.data); !strings.Contains(r.refused, c.want) || !strings.HasPrefix(r.refused, "redhat/vex was refused: ") {
			t.Errorf("%s: %q, want %q", name, r.refused, c.want)
		}
	}
}

func TestADocumentThatIsTooLargeIsSkipped(t *testing.T) {
	t.Parallel()
	good := entry{"b.json", "x"}
	var names, problems []string
	for f, err := range archive(bytes.NewReader(tarOf(t, entry{"a.json", strings.Repeat("x", 2<<20)}, good)), "x", 1<<20, func(string) bool { return true }) {
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		names = append(names, f.name)
	}
	if diff := cmp.Diff([]string{"b.json"}, names); diff != "" || !cmp.Equal(problems, []string{`"a.json": it is larger than 1 MiB; skipped`}) {
		t.Errorf("%s %q", diff, problems)
	}
}

// shelf is a source as a map from path to content.
type shelf map[string]string

func (s shelf) Read(_ context.Context, path string, limit int64) ([]byte, error) {
	text, ok := s[path]
	switch {
	case !ok:
		return nil, fs.ErrNotExist
	case int64(len(text)) > limit:
		return nil, errors.New("too large")
	}
	return []byte(text), nil
}

func (s shelf) List(context.Context, string) ([]string, error) { return nil, errors.ErrUnsupported }

func TestWhatIsFetched(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("ab", 32)
	const grype = "vulnerability-db_v6.1.9_2026-09-28T00:37:02Z_1790577750.tar.zst"
	latest := func(schema, path, checksum string) shelf {
		return shelf{"latest.json": fmt.Sprintf(`{"status":"active","schemaVersion":%q,"built":"2026-09-28T06:42:30Z","path":%q,"checksum":%q}`, schema, path, checksum)}
	}
	for _, c := range []struct {
		name       string
		parts      func(context.Context, Lister, []string) ([]Part, error)
		shelf      shelf
		ecosystems []string
		want       []Part
		err        string
	}{
		{"Red Hat", redHatParts, shelf{"archive_latest.txt": "csaf_vex_2026-11-20.tar.zst\n", "csaf_vex_2026-11-20.tar.zst.sha256": sum + "  csaf_vex_2026-11-20.tar.zst\n"}, nil,
			[]Part{{"redhat/vex", "csaf_vex_2026-11-20.tar.zst", sum}}, ""},
		{"without a checksum", redHatParts, shelf{"archive_latest.txt": "csaf_vex_2026-11-20.tar.zst"}, []string{"Red Hat:enterprise_linux:9"},
			[]Part{{"redhat/vex", "csaf_vex_2026-11-20.tar.zst", ""}}, ""},
		{"no Red Hat among the images", redHatParts, shelf{}, []string{"Debian:12"}, nil, ""},
		{"no name", redHatParts, shelf{}, nil, nil, "latest archive of Red Hat"},
		{"a way out", redHatParts, shelf{"archive_latest.txt": "../../etc/passwd"}, nil, nil, "which is no archive"},
		{"Ubuntu", ubuntuParts, shelf{}, []string{"Ubuntu:24.04"}, []Part{{"ubuntu/vex", "vex-all.tar.xz", ""}}, ""},
		{"no Ubuntu among the images", ubuntuParts, shelf{}, []string{}, nil, ""},
		{"Grype", grypeParts, latest("v6.1.9", grype, "sha256:"+sum), nil, []Part{{"grypedb/v6", grype, sum}}, ""},
		{"no images", grypeParts, shelf{}, []string{}, nil, ""},
		{"another schema", grypeParts, latest("v7.0.0", grype, "sha256:"+sum), nil, nil, `schema "v7.0.0", and 6 is what is read here`},
		{"a way out", grypeParts, latest("v6.1.9", "../x", "sha256:"+sum), nil, nil, "no file beside it"},
		{"no checksum", grypeParts, latest("v6.1.9", grype, "md5:1"), nil, nil, "no SHA-256"},
		{"no list", grypeParts, shelf{"latest.json": "<html>"}, nil, nil, "not JSON"},
	} {
		got, err := c.parts(t.Context(), c.shelf, c.ecosystems)
		if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v\n%s", c.name, err, diff)
		}
	}
}

// FuzzArchive: whatever the bytes are, reading ends, and what it ends with says what was wrong.
func FuzzArchive(f *testing.F) {
	plain := tarOf(f, entry{"cve-2024-99901.json", string(sample(f, "cve-2024-99901.json"))})
	f.Add(zstded(f, plain))
	f.Add(xzed(f, plain))
	f.Add(plain)
	f.Fuzz(func(t *testing.T, data []byte) {
		if r := readRedHat(data); len(r.ids)+len(r.problems) == 0 && r.refused == "" && len(data) == 0 {
			t.Fatal("nothing was said")
		}
	})
}
