package analysis

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
)

// documents are manifest and config of a small image.
func documents(t testing.TB, layers ...*testkit.LayerBlob) (image.Manifest, image.Config) {
	t.Helper()
	b := testkit.Image(layers...)
	m, err := image.ParseManifest(b.Manifest(), b.MediaType())
	if err != nil {
		t.Fatal(err)
	}
	c, err := image.ParseConfig(b.Config())
	if err != nil {
		t.Fatal(err)
	}
	return *m, *c
}

func TestImported(t *testing.T) {
	t.Parallel()
	m, c := documents(t, testkit.Layer(testkit.File("a", "1")), testkit.Layer(testkit.File("b", "2")))
	document := &image.Analysis{
		Distro: image.Distro{ID: "redhat", VersionID: "9.4", Like: []string{"fedora"}, Source: "etc/os-release"},
		// The document knows the second layer by its diff ID, and one that the image has not.
		Layers: []image.Layer{{LayerID: image.LayerID{DiffID: c.DiffIDs[1]}}, {LayerID: image.LayerID{DiffID: image.DigestOf([]byte("x"))}}},
		Packages: []image.Package{
			{Type: image.RPM, Name: "bash", Version: "5.1-6", Location: "/var/lib/rpm/../rpm/rpmdb.sqlite", PURL: "pkg:rpm/rhel/bash@5.1-6", Licenses: []string{"GPLv3+"}},
			{Type: image.NPM, Name: "left-pad", Version: "1", Layer: 1, Files: []image.OwnedFile{{Path: "x"}}},
			{Type: image.NPM, Name: "nul\x00", Version: "1"},
			{Type: image.NPM, Name: "utf\xff", Version: "1"},
			{Type: image.NPM, Name: "long", Version: strings.Repeat("1", 20_000)},
			{Type: image.NPM, Name: ""},
			{Type: image.NPM, Name: "extra", Extra: map[string]string{"a": "\x00"}},
		},
		Gaps:    []image.Gap{{Kind: "whatever", Detail: "the document has two packages without a version", Layer: 7}},
		Secrets: []image.TextMatch{{Rule: "made up"}},
	}
	a, err := Imported(m, c, document)
	if err != nil {
		t.Fatal(err)
	}
	want := []image.Package{
		{Type: image.RPM, Name: "bash", Version: "5.1-6", Location: "var/lib/rpm/rpmdb.sqlite", PURL: "pkg:rpm/rhel/bash@5.1-6", Licenses: []string{"GPLv3+"}, Layer: 1},
		{Type: image.NPM, Name: "left-pad", Version: "1", Layer: -1},
	}
	if diff := cmp.Diff(want, a.Packages); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if a.Distro.ID != "rhel" || a.Distro.VersionID != "9.4" {
		t.Errorf("distribution %+v", a.Distro)
	}
	if len(a.Layers) != 2 || a.Layers[0].Blob != m.Layers[0].Digest || a.Size != m.Layers[0].Size+m.Layers[1].Size || a.Size != a.CompressedSize {
		t.Errorf("layers %+v, size %d", a.Layers, a.Size)
	}
	if len(image.ChainIDs(a.Layers)) != 0 {
		t.Error("layers that were not read have a chain")
	}
	if len(a.Secrets) != 0 {
		t.Errorf("the document brought findings of its own: %v", a.Secrets)
	}
	kinds := map[image.GapKind]int{}
	for _, g := range a.Gaps {
		kinds[g.Kind]++
	}
	if diff := cmp.Diff(map[image.GapKind]int{image.GapNotRead: 4, image.GapUnidentified: 1, image.GapUnsupportedContent: 1}, kinds); diff != "" {
		t.Errorf("gaps (-want +got):\n%s\n%v", diff, a.Gaps)
	}
	one, _ := json.Marshal(a)
	again, err := Imported(m, c, document)
	two, _ := json.Marshal(again)
	if err != nil || string(one) != string(two) {
		t.Error("the same documents give another analysis")
	}
}

func TestImportedRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	m, _ := documents(t, testkit.Layer(testkit.File("a", "1")))
	_, c := documents(t)
	_, err := Imported(m, c, &image.Analysis{})
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != CodeNotAnImage {
		t.Errorf("a config of another image gave %v", err)
	}
}
