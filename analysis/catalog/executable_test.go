package catalog

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/binaries"
)

const bashNote = `{"type":"rpm","os":"fedora","osVersion":"38","name":"bash","version":"5.2.15-3.fc38","architecture":"x86_64","osCpe":"cpe:/o:fedoraproject:fedora:38"}`

func noted(json string) []byte {
	return binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".text", Data: []byte("code")},
		binaries.Section{Name: ".note.package", Data: binaries.Note("FDO", 0xcafe1a7e, append([]byte(json), 0))})
}

func TestPackageNote(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file []byte
		want []image.Package
		gaps []image.GapKind
	}{
		"Fedora": {noted(bashNote), []image.Package{{Type: image.Binary, Name: "bash", Version: "5.2.15-3.fc38", Arch: "x86_64", Location: "usr/bin/bash",
			Extra: map[string]string{"note-type": "rpm", "os": "fedora", "os-version": "38", "os-cpe": "cpe:/o:fedoraproject:fedora:38"}}}, nil},
		"a program with a CPE": {noted(`{"name":"app","version":"1","appCpe":"cpe:2.3:a:vendor:app:1:*:*:*:*:*:*:*"}`), []image.Package{{Type: image.Binary, Name: "app", Version: "1",
			Location: "usr/bin/bash", CPEs: []string{"cpe:2.3:a:vendor:app:1:*:*:*:*:*:*:*"}, Extra: map[string]string{"note-type": "unknown"}}}, nil},
		"no version":  {noted(`{"type":"deb","name":"bash"}`), nil, []image.GapKind{image.GapUnidentified}},
		"false types": {noted(`{"type":1,"name":["x"],"version":"1 2"}`), nil, []image.GapKind{image.GapUnidentified}},
		"no JSON":     {noted(`name=bash`), nil, []image.GapKind{image.GapParserFailed}},
		"another note": {binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".note.package", Data: binaries.Note("GNU", 3, []byte(bashNote))}),
			nil, nil},
		"endless": {binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".note.package", Data: []byte("\x04\x00\x00\x00\xff\xff\xff\x7f\x7e\x1a\xfe\xcaFDO\x00{")}), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := readBytes(Executable(), "usr/bin/bash", tc.file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, found.Packages); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tc.gaps, gapKinds(found)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A distribution's package of fifty programs is one package, whatever other programs hold.
func TestPackageNotesAreListedOnce(t *testing.T) {
	t.Parallel()
	var all []Found
	for _, path := range []string{"usr/bin/bash", "usr/bin/sh"} {
		found, err := readBytes(Executable(), path, noted(bashNote))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found)
	}
	other := image.Package{Type: image.Cargo, Name: "bash", Version: "5.2.15-3.fc38"}
	all = append(all, Found{Packages: []image.Package{other}}, Found{Packages: []image.Package{other}})
	got, gaps := Executable().Join(all)
	if d := cmp.Diff([]image.Package{all[0].Packages[0], other, other}, got); d != "" || gaps != nil {
		t.Error(d, gaps)
	}
}

const nativeSBOM = `{"bomFormat":"CycloneDX","specVersion":"1.4","components":[
{"type":"library","group":"io.netty","name":"netty-codec","version":"4.1.73.Final","purl":"pkg:maven/io.netty/netty-codec@4.1.73.Final"},
{"type":"library","name":"json","version":"20210307","purl":"pkg:maven/org.json/json@20210307"},{"name":"nameless"}]}`

// native makes a native image whose symbols lead to sbom, with a length of its own when it is not negative.
func native(sbom []byte, length int) []byte {
	if length < 0 {
		length = len(sbom)
	}
	heap := binaries.Section{Name: ".svm_heap", Data: []byte("heap")}
	data := binaries.Section{Name: ".data", Data: append(binary.LittleEndian.AppendUint64(nil, uint64(length)), sbom...)}
	at := binaries.Address(".data", heap, data)
	return binaries.ELF(binary.LittleEndian, append([]binaries.Section{heap, data}, binaries.Symbols(map[string]uint64{"sbom": at + 8, "sbom_length": at})...)...)
}

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNativeImage(t *testing.T) {
	t.Parallel()
	found, err := readBytes(Executable(), "app/server", native(gzipped(t, nativeSBOM), -1))
	if err != nil {
		t.Fatal(err)
	}
	want := []image.Package{
		{Type: image.Maven, Namespace: "io.netty", Name: "netty-codec", Version: "4.1.73.Final", Location: "app/server", Embedded: true},
		{Type: image.Maven, Namespace: "org.json", Name: "json", Version: "20210307", Location: "app/server", Embedded: true},
	}
	if d := cmp.Diff(want, found.Packages); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]image.GapKind{image.GapParserFailed}, gapKinds(found)); d != "" {
		t.Error("the component without a version:", d)
	}
}

func TestNativeImageThatCannotBeRead(t *testing.T) {
	t.Parallel()
	good := gzipped(t, nativeSBOM)
	for name, tc := range map[string]struct {
		file []byte
		want image.GapKind
	}{
		"no SBOM":          {binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".svm_heap", Data: []byte("heap")}), image.GapUnsupportedContent},
		"outside the file": {native(good, len(good)+1), image.GapParserFailed},
		"endless":          {native(good, 1<<62), image.GapParserFailed},
		"cut":              {native(good[:len(good)/2], -1), image.GapParserFailed},
		"no gzip":          {native([]byte("hello"), -1), image.GapParserFailed},
		"no JSON":          {native(gzipped(t, "<html>"), -1), image.GapParserFailed},
		"a bomb":           {native(gzipped(t, "{"+strings.Repeat(" ", 4<<20)+"}"), -1), image.GapLimit},
	} {
		found, err := readBytes(Executable(), "app/server", tc.file)
		if d := cmp.Diff([]image.GapKind{tc.want}, gapKinds(found)); d != "" || err != nil || len(found.Packages) > 0 {
			t.Errorf("%s: got %v, %v %s", name, found.Packages, err, d)
		}
	}
}

func TestPackedProgramIsSaid(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{"ELF": binaries.PackedELF(), "PE": binaries.PE(binaries.Section{Name: "UPX0", Data: []byte("x")})} {
		found, err := readBytes(Executable(), "bin/app", file)
		if d := cmp.Diff([]image.GapKind{image.GapUnsupportedContent}, gapKinds(found)); d != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
}

func FuzzExecutable(f *testing.F) {
	f.Add([]byte(bashNote), []byte(nativeSBOM))
	f.Add([]byte("{}"), []byte(`{"components":[{}]}`))
	f.Fuzz(func(t *testing.T, note, sbom []byte) {
		for _, file := range [][]byte{noted(string(note)), native(gzipped(t, string(sbom)), -1), native(sbom, int(uint16(len(note)))), note} {
			found, _ := readBytes(Executable(), "bin/x", file)
			checkPackages(t, found.Packages)
			Executable().Join([]Found{found, found})
		}
	})
}
