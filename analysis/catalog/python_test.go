package catalog

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

const pyMetadata = `Metadata-Version: 2.1
Name: charset-normalizer
Version: 3.0.1
Summary: The Real First Universal Charset Detector.
Home-page: https://github.com/Ousret/charset_normalizer
Author: Ahmed TAHRI
Author-email: ahmed@example.test
License: MIT
Classifier: License :: OSI Approved :: MIT License
Description: folded
        over lines
        Name: not-this

Name: nor-this
`

func TestPythonMetadata(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, path, in string
		want           image.Package
	}{
		{"dist-info", "usr/lib/python3/dist-packages/charset_normalizer-3.0.1.dist-info/METADATA", pyMetadata,
			image.Package{Name: "charset-normalizer", Version: "3.0.1", Licenses: []string{"MIT"}, Origin: "Ahmed TAHRI <ahmed@example.test>",
				Homepage: "https://github.com/Ousret/charset_normalizer", Location: "usr/lib/python3/dist-packages/charset_normalizer-3.0.1.dist-info"}},
		{"egg-info directory", "opt/x.egg-info/PKG-INFO", "Name: x\r\nVersion: 1.0\r\nLicense: UNKNOWN\r\nAuthor: UNKNOWN\r\nClassifier: License :: OSI Approved :: BSD License\r\n",
			image.Package{Name: "x", Version: "1.0", Licenses: []string{"BSD License"}, Location: "opt/x.egg-info"}},
		{"egg-info file", "opt/PyYAML-5.3.1.egg-info", "Metadata-Version: 1.1\nName: PyYAML\nVersion: 5.3.1\n",
			image.Package{Name: "PyYAML", Version: "5.3.1", Location: "opt/PyYAML-5.3.1.egg-info"}},
		{"expression, project address, maintainer", "a/b-2.dist-info/METADATA",
			"Name: b\nVersion: 2\nLicense-Expression: MIT OR Apache-2.0\nLicense: the whole\n        text\nMaintainer-email: B <b@x.example>\nProject-URL: Changelog, https://x/c\nProject-URL: Homepage, https://x/h\n",
			image.Package{Name: "b", Version: "2", Licenses: []string{"MIT OR Apache-2.0"}, Origin: "B <b@x.example>", Homepage: "https://x/h", Location: "a/b-2.dist-info"}},
		{"licence text is no name", "a/b-2.dist-info/METADATA", "Name: b\nVersion: 2\nLicense: Permission is hereby\n        granted\nClassifier: License :: OSI Approved\n",
			image.Package{Name: "b", Version: "2", Location: "a/b-2.dist-info"}},
		{"vendored by a tool", "a/setuptools/_vendor/b-2.dist-info/METADATA", "Name: b\nVersion: 2\n",
			image.Package{Name: "b", Version: "2", Embedded: true, Location: "a/setuptools/_vendor/b-2.dist-info"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			found, err := readBytes(Python(), tc.path, []byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			tc.want.Type = image.Python
			if d := cmp.Diff([]image.Package{tc.want}, found.Packages); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPythonZippedEgg(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range map[string]string{"EGG-INFO/PKG-INFO": "Name: old\nVersion: 0.9\n", "old/__init__.py": ""} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	found, err := readBytes(Python(), "opt/old-0.9-py2.7.egg", b.Bytes())
	want := []image.Package{{Type: image.Python, Name: "old", Version: "0.9", Location: "opt/old-0.9-py2.7.egg"}}
	if d := cmp.Diff(want, found.Packages); d != "" || err != nil {
		t.Error(err, d)
	}
}

func TestPythonRefusesWhatNamesNoPackage(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"no name":      "Version: 1\n\nbody\n",
		"no version":   "Name: z\n" + strings.Repeat("Classifier: c\n", 20000),
		"name in body": "Metadata-Version: 2.1\n\nName: x\nVersion: 1\n",
		"not UTF-8":    "Name: y\xff\xfe\nVersion: 1\n",
		"injected":     "Name: <b>x</b>\nVersion: 1\n",
		"terminal":     "Name: x\nVersion: 1\x1b[31m\n",
		"empty":        "",
	} {
		if found, err := readBytes(Python(), "a/x-1.dist-info/METADATA", []byte(in)); err == nil || len(found.Packages) > 0 {
			t.Errorf("%s: got %v, %v; want an error", name, found.Packages, err)
		}
	}
}

func TestPythonOwnedFiles(t *testing.T) {
	t.Parallel()
	record := `x/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0
"x/a,b.py",,
../../../bin/x,sha256=!!,12
/etc/x.conf,,
x-1.dist-info/RECORD,,
`
	var all []Found
	for path, text := range map[string]string{
		"usr/lib/python3/x-1.dist-info/RECORD":             record,
		"usr/lib/python3/x-1.dist-info/METADATA":           "Name: x\nVersion: 1\n",
		"usr/lib/python3/y-1.egg-info/installed-files.txt": "../y.py\nPKG-INFO\n",
		"usr/lib/python3/y-1.egg-info/PKG-INFO":            "Name: y\nVersion: 1\n",
		"usr/lib/python3/removed-1.dist-info/RECORD":       "removed.py,,\n",
		"usr/lib/python3/no-record-1.dist-info/METADATA":   "Name: no-record\nVersion: 1\n",
	} {
		found, err := readBytes(Python(), path, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found)
	}
	packages, _ := Python().Join(all)
	got := map[string][]image.OwnedFile{}
	for _, p := range packages {
		got[p.Name] = p.Files
	}
	want := map[string][]image.OwnedFile{
		"x": {
			{Path: "usr/lib/python3/x/__init__.py", Algorithm: "sha256", Digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Size: 0},
			{Path: "usr/lib/python3/x/a,b.py", Size: -1},
			{Path: "bin/x", Size: 12},
			{Path: "etc/x.conf", Size: -1},
			{Path: "usr/lib/python3/x-1.dist-info/RECORD", Size: -1},
		},
		"y":         {{Path: "usr/lib/python3/y.py", Size: -1}, {Path: "usr/lib/python3/y-1.egg-info/PKG-INFO", Size: -1}},
		"no-record": nil,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPythonMetadataOverTheLimitIsAGap(t *testing.T) {
	t.Parallel()
	found, err := readBytesWith(Python(), "a/x-1.dist-info/METADATA", []byte(pyMetadata), Limits{MetadataBytes: 10})
	if err != nil || len(found.Packages) != 0 || len(found.Gaps) != 1 || found.Gaps[0].Kind != image.GapLimit {
		t.Errorf("got %+v, %v", found, err)
	}
}

func FuzzPython(f *testing.F) {
	f.Add([]byte(pyMetadata))
	f.Add([]byte("x/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\"a,b\",,\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, path := range []string{"a/x-1.dist-info/METADATA", "a/x-1.egg-info", "a/x.egg"} {
			found, _ := readBytes(Python(), path, data)
			checkPackages(t, found.Packages)
		}
		for _, path := range []string{"a/x-1.dist-info/RECORD", "a/x-1.egg-info/installed-files.txt"} {
			found, _ := readBytes(Python(), path, data)
			for _, l := range found.Lists {
				for _, owned := range l.Files {
					checkPath(t, owned.Path)
				}
			}
		}
	})
}
