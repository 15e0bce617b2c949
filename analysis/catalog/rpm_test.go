package catalog

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/rpmdb"
	"landwaiter.dev/internal/testkit/rpmdbtest"
)

const (
	rpmSQLite = "var/lib/rpm/rpmdb.sqlite"
	rpmNDB    = "usr/lib/sysimage/rpm/Packages.db"
	rpmBDB    = "var/lib/rpm/Packages"
)

func gunzip(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	b, err = io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRPMDatabase reads a database that rpm itself wrote (internal/rpmdb/testdata/demo.spec): an epoch, a module, a
// part with a version of its own, documentation that was not installed.
func TestRPMDatabase(t *testing.T) {
	t.Parallel()
	db := gunzip(t, testdata(t, "../../../internal/rpmdb/testdata/demo.sqlite.gz"))
	sum := map[string]string{
		"conf": "40ac730b26f0a164a78eff3478a4e8ef0f1e48470e84535d7987fe3483588ce5",
		"opt":  "f05449a519f9bfd8895cd31e11187b7b0c95bea3db9d30bd5aa1e4ece03f2202",
		"bin":  "47de97e16916cd2d895d58e6406cf39c7aec6f4b29a114d53f1d1d8a652c625b",
		"data": "6667b2d1aab6a00caa5aee5af8ad9f1465e567abf1c209d15727d57b3e8f6e5f",
	}
	file := func(p image.Path, mode uint32, size int64, digest string) image.OwnedFile {
		f := image.OwnedFile{Path: p, Mode: mode, Size: size, User: "root", Group: "root"}
		if digest != "" {
			f.Algorithm, f.Digest = "sha256", digest
		}
		return f
	}
	conf, optional := file("etc/demo.conf", 0o100644, 6, sum["conf"]), file("etc/demo.optional", 0o100644, 4, sum["opt"])
	conf.Config, optional.Config, optional.Optional = true, true, true
	ghost := file("var/log/demo.log", 0o100644, -1, "")
	ghost.Optional = true
	want := []image.Package{
		{
			Type: image.RPM, Name: "demo", Version: "2:1.0-3.el9", Arch: "x86_64", SourceName: "demo", SourceVersion: "2:1.0-3.el9",
			SourceRPM: "demo-1.0-3.el9.src.rpm", Modularity: "demo:stable:9020240101:rhel9", Licenses: []string{"MIT and Zlib"},
			Origin: "Landwaiter", Homepage: "https://landwaiter.example/demo", InstalledSize: 29, Location: rpmSQLite,
			Files: []image.OwnedFile{
				conf, optional,
				file("usr/bin/demo", 0o104755, 4, sum["bin"]),
				file("usr/bin/demo-link", 0o120777, 4, ""),
				file("var/lib/demo", 0o041777, -1, ""),
				ghost,
			},
		},
		{
			Type: image.RPM, Name: "libdemo", Version: "0:7.2-3.el9", Arch: "noarch", SourceName: "demo", SourceVersion: "1.0-3.el9",
			SourceRPM: "demo-1.0-3.el9.src.rpm", Modularity: "demo:stable:9020240101:rhel9", Licenses: []string{"Zlib"},
			Origin: "Landwaiter", Homepage: "https://landwaiter.example/demo", InstalledSize: 5, Location: rpmSQLite,
			Files: []image.OwnedFile{
				file("usr/share/libdemo", 0o040755, -1, ""),
				file("usr/share/libdemo/data", 0o100644, 5, sum["data"]),
			},
		},
	}
	for name, f := range map[string]*File{"memory": inMemory(rpmSQLite, db), "disk": onDisk(rpmSQLite, db)} {
		found := readFile(RPM(), f)
		if diff := cmp.Diff(want, found.Packages); diff != "" {
			t.Errorf("%s: packages (-want +got):\n%s", name, diff)
		}
		if found.Gaps != nil {
			t.Errorf("%s: gaps: %q", name, details(found.Gaps))
		}
	}
}

// TestRPMHeaders reads what rpm has in a header, in unusual and hostile forms.
func TestRPMHeaders(t *testing.T) {
	t.Parallel()
	with := func(more rpmdbtest.Values) []byte {
		values := rpmdbtest.Values{rpmdb.Name: "a", rpmdb.Version: "1", rpmdb.Release: "2"}
		for tag, v := range more {
			values[tag] = v
		}
		return rpmdbtest.Header(values)
	}
	md5 := strings.Repeat("0a", 16)
	for _, tt := range []struct {
		name   string
		header []byte
		want   []string
		files  []image.OwnedFile
		gap    string
	}{
		{"key", with(rpmdbtest.Values{rpmdb.Name: "gpg-pubkey"}), nil, nil, ""},
		{"no name", with(rpmdbtest.Values{rpmdb.Name: ""}), nil, nil, "its name"},
		{"no version", with(rpmdbtest.Values{rpmdb.Version: ""}), nil, nil, "its version"},
		{"version with blanks", with(rpmdbtest.Values{rpmdb.Version: "1 or 2"}), nil, nil, "its version"},
		{"no release", with(rpmdbtest.Values{rpmdb.Release: ""}), []string{"a 1"}, nil, ""},
		{"numbers in place of text", with(rpmdbtest.Values{rpmdb.License: []uint32{1}}), []string{"a 1-2"}, nil, ""},
		{
			"old file names, MD5", with(rpmdbtest.Values{rpmdb.OldFilenames: []string{"/etc/x"}, rpmdb.FileDigests: []string{md5}}),
			[]string{"a 1-2"}, []image.OwnedFile{{Path: "etc/x", Algorithm: "md5", Digest: md5, Size: -1}}, "",
		},
		{
			"another package's file", with(rpmdbtest.Values{
				rpmdb.BaseNames: []string{"x"}, rpmdb.DirNames: []string{"/"}, rpmdb.DirIndexes: []uint32{0},
				rpmdb.FileStates: []byte{rpmdb.StateReplaced}, rpmdb.FileDigests: []string{md5}, rpmdb.FileModes: []uint16{0o100644},
			}), []string{"a 1-2"}, []image.OwnedFile{{Path: "x", Size: -1}}, "",
		},
		{
			"way out of the root", with(rpmdbtest.Values{rpmdb.BaseNames: []string{"../x"}, rpmdb.DirNames: []string{"/../../etc/"}, rpmdb.DirIndexes: []uint32{0}}),
			[]string{"a 1-2"}, []image.OwnedFile{{Path: "x", Size: -1}}, "",
		},
		{
			"directory that is none", with(rpmdbtest.Values{rpmdb.BaseNames: []string{"x", "y"}, rpmdb.DirNames: []string{"/etc/"}, rpmdb.DirIndexes: []uint32{7, 0}}),
			[]string{"a 1-2"}, []image.OwnedFile{{Path: "etc/y", Size: -1}}, "number 7 of 1",
		},
		{
			"fewer directories than files", with(rpmdbtest.Values{rpmdb.BaseNames: []string{"x", "y"}, rpmdb.DirNames: []string{"/etc/"}, rpmdb.DirIndexes: []uint32{0}}),
			[]string{"a 1-2"}, nil, "file list",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for path, db := range map[image.Path][]byte{
				rpmNDB: rpmdbtest.NDB(tt.header), rpmBDB: rpmdbtest.BDB(binary.LittleEndian, tt.header),
			} {
				found := readFile(RPM(), inMemory(path, db))
				if diff := cmp.Diff(tt.want, names(found.Packages)); diff != "" {
					t.Fatalf("%s: packages (-want +got):\n%s", path, diff)
				}
				for _, p := range found.Packages {
					if len(p.Files) != len(tt.files) || len(p.Files) > 0 && !cmp.Equal(tt.files, p.Files) {
						t.Errorf("%s: files (-want +got):\n%s", path, cmp.Diff(tt.files, p.Files))
					}
				}
				got := strings.Join(details(found.Gaps), "\n")
				if (tt.gap == "") != (got == "") || !strings.Contains(got, tt.gap) {
					t.Errorf("%s: gaps: got %q, want %q", path, got, tt.gap)
				}
			}
		})
	}
}

func TestRPMSource(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ file, version, name, source string }{
		{"openssl-3.0.1-38.el9_0.src.rpm", "1:3.0.1-38.el9_0", "openssl", "1:3.0.1-38.el9_0"},
		{"perl-5.32.1-480.el9.src.rpm", "0:1.30-480.el9", "perl", "5.32.1-480.el9"},
		{"python3.9-3.9.10-2.el9.src.rpm", "3.9.10-2.el9", "python3.9", "3.9.10-2.el9"},
		{"kernel-firmware-20210208-2.4.nosrc.rpm", "20210208-2.4", "kernel-firmware", "20210208-2.4"},
		{"(none)", "1-1", "", ""},
		{"", "1-1", "", ""},
		{"-1-1.src.rpm", "1-1", "", ""},
		{"a-1.src.rpm", "1-1", "", ""},
	} {
		if name, source := rpmSource(tt.file, tt.version); name != tt.name || source != tt.source {
			t.Errorf("%q: got %q %q, want %q %q", tt.file, name, source, tt.name, tt.source)
		}
	}
}

// TestRPMManifest reads the table of a distroless image.
func TestRPMManifest(t *testing.T) {
	t.Parallel()
	found := readFile(RPM(), inMemory(rpmManifest, []byte(
		"openssl-libs\t1.1.1k-21.cm2\t1653816591\t1653753130\tMicrosoft Corporation\t(none)\t4365048\tx86_64\t0\topenssl-1.1.1k-21.cm2.src.rpm\n"+
			"too\tfew\n"+
			"ca\t2.0.0-1.cm2\t1\t1\t(none)\t1\t9\tnoarch\t1\t(none)\n")))
	want := []image.Package{
		{
			Type: image.RPM, Name: "openssl-libs", Version: "1.1.1k-21.cm2", Arch: "x86_64", SourceName: "openssl", SourceVersion: "1.1.1k-21.cm2",
			SourceRPM: "openssl-1.1.1k-21.cm2.src.rpm", Origin: "Microsoft Corporation", InstalledSize: 4365048, Location: rpmManifest,
		},
		{
			Type: image.RPM, Name: "ca", Version: "1:2.0.0-1.cm2", Arch: "noarch", SourceName: "ca", SourceVersion: "1:2.0.0-1.cm2",
			InstalledSize: 9, Location: rpmManifest,
		},
	}
	if diff := cmp.Diff(want, found.Packages); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if got := details(found.Gaps); len(got) != 1 || !strings.Contains(got[0], "line 2") {
		t.Errorf("gaps: %q", got)
	}
}

// TestRPMUnreadable shows that a database that cannot be read is a gap, and no empty image.
func TestRPMUnreadable(t *testing.T) {
	t.Parallel()
	for path, content := range map[image.Path]string{
		rpmSQLite:                  "SQLite format 3\x00rubbish",
		rpmNDB:                     "rubbish",
		rpmBDB:                     "",
		"usr/share/rpm/Packages":   "\x00\x00",
		rpmSQLite + "-wal":         "a journal",
		"var/lib/rpm/Packages.db":  "RpmP\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00",
		"usr/share/rpm/" + "a.tmp": "rubbish",
	} {
		found := readFile(RPM(), inMemory(path, []byte(content)))
		if found.Packages != nil || len(found.Gaps) != 1 {
			t.Errorf("%s: packages %q, gaps %q", path, names(found.Packages), details(found.Gaps))
		}
	}
	if found := readFile(RPM(), inMemory(rpmSQLite+"-wal", nil)); found.Gaps != nil {
		t.Errorf("an empty journal: gaps %q", details(found.Gaps))
	}
}

// TestRPMFilesAreBounded reads a header of 3 MB that, believed, owns 300,000 files with paths of 4,000 bytes.
func TestRPMFilesAreBounded(t *testing.T) {
	t.Parallel()
	const n = 300_000
	bases, dirOf := make([]string, n), make([]uint32, n)
	for i := range bases {
		bases[i] = "x"
	}
	header := rpmdbtest.Header(rpmdbtest.Values{
		rpmdb.Name: "a", rpmdb.Version: "1", rpmdb.BaseNames: bases, rpmdb.DirIndexes: dirOf,
		rpmdb.DirNames: []string{"/" + strings.Repeat("d", 4000) + "/"},
	})
	found := readFile(RPM(), inMemory(rpmNDB, rpmdbtest.NDB(header)))
	if len(found.Packages) != 1 || len(found.Packages[0].Files) > maxOwnedText/4000+1 || len(found.Gaps) != 1 || found.Gaps[0].Kind != image.GapLimit {
		t.Errorf("%d packages, gaps %q", len(found.Packages), details(found.Gaps))
	}
}

func FuzzRPM(f *testing.F) {
	f.Add(rpmdbtest.Header(rpmdbtest.Values{
		rpmdb.Name: "a", rpmdb.Version: "1", rpmdb.Release: "2", rpmdb.Epoch: []uint32{1}, rpmdb.SourceRPM: "b-1-2.src.rpm",
		rpmdb.BaseNames: []string{"x", "y"}, rpmdb.DirNames: []string{"/etc/", "/"}, rpmdb.DirIndexes: []uint32{0, 1},
		rpmdb.FileModes: []uint16{0o100644, 0o40755}, rpmdb.FileFlags: []uint32{1, 64}, rpmdb.FileStates: []byte{0, 2},
		rpmdb.FileDigests: []string{strings.Repeat("0", 64), ""}, rpmdb.FileDigestAlgo: []uint32{8},
	}))
	f.Fuzz(func(t *testing.T, header []byte) { checkFound(t, RPM(), rpmNDB, rpmdbtest.NDB(header)) })
}

func FuzzRPMManifest(f *testing.F) {
	f.Add([]byte("a\t1-2\t1\t1\tVendor\t(none)\t9\tnoarch\t0\ta-1-2.src.rpm\n"))
	f.Fuzz(func(t *testing.T, content []byte) { checkFound(t, RPM(), rpmManifest, content) })
}
