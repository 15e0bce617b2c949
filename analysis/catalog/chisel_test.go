package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"landwaiter.dev/image"
)

const chiselSum = "36b89a50030efec96954604c983a2fabaf141f07c7e4bc4ff24f3946db2b1f6e"

const chiselWall = `{"jsonwall":"1.0","schema":"1.0","count":8}
{"kind":"content","slice":"base-files_base","path":"/etc/debian_version"}
{"kind":"package","name":"base-files","version":"13ubuntu10","sha256":"` + chiselSum + `","arch":"amd64"}
{"kind":"package","name":"libssl3t64","version":"3.0.13-0ubuntu3.4","sha256":"` + chiselSum + `","arch":"amd64"}
{"kind":"path","path":"/etc/","mode":"0755","slices":["base-files_base"]}
{"kind":"path","path":"/etc/debian_version","mode":"0644","slices":["base-files_base"],"sha256":"` + chiselSum + `","size":11}
{"kind":"path","path":"/etc/changed","mode":"0600","slices":["base-files_base"],"sha256":"00","final_sha256":"` + chiselSum + `","size":11}
{"kind":"path","path":"/usr/lib/libssl.so","mode":"0777","slices":["libssl3t64_libs","other_x"],"link":"libssl.so.3"}
{"kind":"slice","name":"base-files_base"}
`

func zstded(t testing.TB, s string) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll([]byte(s), nil)
}

func TestChisel(t *testing.T) {
	t.Parallel()
	found := readFile(Chisel(), inMemory(chiselManifest, zstded(t, chiselWall)))
	want := []image.Package{
		{
			Type: image.Deb, Name: "base-files", Version: "13ubuntu10", Arch: "amd64", SourceName: "base-files", SourceVersion: "13ubuntu10",
			Location: chiselManifest,
			Files: []image.OwnedFile{
				{Path: "etc/debian_version", Algorithm: "sha256", Digest: chiselSum, Mode: 0o100644, Size: 11},
				{Path: "etc/changed", Algorithm: "sha256", Digest: chiselSum, Mode: 0o100600, Size: -1},
			},
		},
		{
			Type: image.Deb, Name: "libssl3t64", Version: "3.0.13-0ubuntu3.4", Arch: "amd64", SourceName: "libssl3t64", SourceVersion: "3.0.13-0ubuntu3.4",
			Location: chiselManifest, Files: []image.OwnedFile{{Path: "usr/lib/libssl.so", Mode: 0o120777, Size: -1}},
		},
	}
	if diff := cmp.Diff(want, found.Packages); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{unnamedSource}, details(found.Gaps)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

func TestChiselHostile(t *testing.T) {
	t.Parallel()
	const head = `{"jsonwall":"1.0"}` + "\n"
	for _, tt := range []struct {
		name    string
		content []byte
		want    []string
		gap     string
	}{
		{"not compressed", []byte(chiselWall), nil, "magic"},
		{"truncated", zstded(t, chiselWall)[:60], nil, "EOF"},
		{"not a manifest", zstded(t, "hello\n"), nil, "does not begin as one"},
		{"another version", zstded(t, `{"jsonwall":"2.0"}`+"\n"), nil, `of version "2.0"`},
		{"a broken line", zstded(t, head+"{\n"+`{"kind":"package","name":"a","version":"1"}`), []string{"a 1"}, "line 2"},
		{"wrong types", zstded(t, head+`{"kind":"package","name":1,"version":[]}`), nil, "line 2"},
		{"no version", zstded(t, head+`{"kind":"package","name":"a"}`), nil, "its version"},
		{"endless line", zstded(t, head+`{"kind":"`+strings.Repeat("x", 1<<20)+`"}`), nil, "line 2"},
		{"bomb", zstded(t, head+strings.Repeat(strings.Repeat(" ", 1023)+"\n", maxChisel/1024)), nil, "the rest was not read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found := readFile(Chisel(), inMemory(chiselManifest, tt.content))
			if diff := cmp.Diff(tt.want, names(found.Packages)); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
			if got := strings.Join(details(found.Gaps), "\n"); !strings.Contains(got, tt.gap) {
				t.Errorf("gaps: got %q, want %q", got, tt.gap)
			}
		})
	}
}

func FuzzChisel(f *testing.F) {
	f.Add([]byte(chiselWall), true)
	f.Add(zstded(f, chiselWall), false)
	f.Fuzz(func(t *testing.T, content []byte, compress bool) {
		if compress {
			content = zstded(t, string(content))
		}
		checkFound(t, Chisel(), chiselManifest, content)
	})
}
