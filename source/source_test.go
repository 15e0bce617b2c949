package source_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/source"
)

// twoLayers is the image that most tests open.
func twoLayers() *testkit.ImageBuild {
	return testkit.Image(
		testkit.Layer(testkit.File("etc/os-release", "ID=debian\n")),
		testkit.Layer(testkit.File("srv/app", "second layer\n")).As("zstd"),
	)
}

func open(t *testing.T, name string, o source.Options) *source.Image {
	t.Helper()
	i, err := source.Open(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	return i
}

// refused opens what must not open, and returns the sentence.
func refused(t *testing.T, name string, o source.Options, code string) string {
	t.Helper()
	i, err := source.Open(t.Context(), name, o)
	if err == nil {
		i.Close()
		t.Fatalf("%s was opened, want %s", name, code)
	}
	var e *source.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("%v: want the code %s", err, code)
	}
	return err.Error()
}

func read(t *testing.T, i *source.Image, d image.Descriptor) []byte {
	t.Helper()
	r, err := i.OpenBlob(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// checkBlobs compares what the image holds with what was put in, stored as in the manifest.
func checkBlobs(t *testing.T, i *source.Image, img *testkit.ImageBuild) {
	t.Helper()
	if got := image.DigestOf(img.Config()); i.Config.Digest != got {
		t.Errorf("config %s, want %s", i.Config.Digest, got)
	}
	if len(i.Manifest.Layers) != len(img.Layers) {
		t.Fatalf("%d layers, want %d", len(i.Manifest.Layers), len(img.Layers))
	}
	for n, d := range i.Manifest.Layers {
		raw := read(t, i, d)
		if image.DigestOf(raw) != d.Digest || int64(len(raw)) != d.Size {
			t.Errorf("layer %d: %d bytes with %s, want %d with %s", n, len(raw), image.DigestOf(raw), d.Size, d.Digest)
		}
		if i.Config.DiffIDs[n] != img.Layers[n].DiffID {
			t.Errorf("layer %d has the diff ID %s", n, i.Config.DiffIDs[n])
		}
	}
	if got := read(t, i, i.Manifest.Config); string(got) != string(img.Config()) {
		t.Errorf("config as a blob: %q", got)
	}
}

func TestEveryWrappingGivesTheSameImage(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	docker := twoLayers()
	docker.Docker = true
	for name, c := range map[string]struct {
		name string
		img  *testkit.ImageBuild
	}{
		"oci-dir":             {"oci-dir:" + img.OCIDir(t, "latest"), img},
		"oci-dir and tag":     {"oci-dir:" + img.OCIDir(t, "v1") + ":v1", img},
		"oci-dir, no tag":     {"oci-dir:" + img.OCIDir(t, ""), img},
		"oci-archive":         {"oci-archive:" + img.OCIArchive(t, "latest") + ":latest", img},
		"dir":                 {"dir:" + docker.SkopeoDir(t), docker},
		"bare layout":         {img.OCIDir(t, "latest"), img},
		"bare layout and tag": {img.OCIDir(t, "latest") + ":latest", img},
		"bare archive":        {img.OCIArchive(t, "latest"), img},
		"bare dir":            {docker.SkopeoDir(t), docker},
		"no layers":           {"oci-dir:" + testkit.Image().OCIDir(t, "latest"), testkit.Image()},
		"docker media types":  {"oci-dir:" + docker.OCIDir(t, "latest"), docker},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := open(t, c.name, source.Options{})
			if i.Manifest.Digest != c.img.Digest() || i.Name != c.name || i.Remote || len(i.Gaps) > 0 || i.Parent != "" {
				t.Errorf("opened %+v", i)
			}
			checkBlobs(t, i, c.img)
		})
	}
}

func TestFullNamesInALayoutBecomeReferences(t *testing.T) {
	t.Parallel()
	want := image.Reference{Registry: "q.io", Repository: "a/b", Tag: "v1"}
	dir := twoLayers().OCIDir(t, "q.io/a/b:v1")
	for _, name := range []string{dir, dir + ":v1", dir + ":q.io/a/b:v1"} {
		if diff := cmp.Diff(want, open(t, "oci-dir:"+name, source.Options{}).Reference); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if r := open(t, twoLayers().OCIDir(t, "v1"), source.Options{}).Reference; r != (image.Reference{}) {
		t.Errorf("a bare tag is no name: %v", r)
	}
}

func TestALayoutOfSeveralImagesAsksForTheTag(t *testing.T) {
	t.Parallel()
	one, two := testkit.Image(testkit.Layer(testkit.File("a", "1"))), testkit.Image(testkit.Layer(testkit.File("a", "2")))
	dir := testkit.WriteFiles(t, testkit.Layout(map[string]*testkit.Document{"one": one.Document(), "two": two.Document()}))
	said := refused(t, "oci-dir:"+dir, source.Options{}, source.CodeTagRequired)
	if !strings.Contains(said, "one, two") {
		t.Errorf("the tags are not named: %s", said)
	}
	if i := open(t, "oci-dir:"+dir+":two", source.Options{}); i.Manifest.Digest != two.Digest() {
		t.Errorf("two is %s", i.Manifest.Digest)
	}
	if i := open(t, "oci-dir:"+dir+":"+string(one.Digest()), source.Options{}); i.Manifest.Digest != one.Digest() {
		t.Errorf("the digest leads to %s", i.Manifest.Digest)
	}
	if said := refused(t, "oci-dir:"+dir+":three", source.Options{}, source.CodeNotFound); !strings.Contains(said, "one, two") {
		t.Errorf("the tags are not named: %s", said)
	}
}

func TestNamesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("no image at all\n", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	empty := testkit.WriteArchive(t)
	other := testkit.WriteArchive(t, testkit.File("readme", "x"))
	for name, code := range map[string]string{
		"":                                   source.CodeInvalidReference,
		"Not a name":                         source.CodeInvalidReference,
		"docker:alpine":                      source.CodeUnsupported,
		"docker://alpine":                    source.CodeInvalidReference,
		"sbom:" + file:                       source.CodeNotAnImage,
		"sbom:":                              source.CodeInvalidReference,
		"sbom:/no/such/file":                 source.CodeNotFound,
		"docker-archive:":                    source.CodeInvalidReference,
		"docker-archive:/no/such/file.tar:x": source.CodeNotFound,
		"oci-archive:/no/such/file.tar":      source.CodeNotFound,
		"oci-dir:/no/such/dir":               source.CodeNotFound,
		"dir:/no/such/dir":                   source.CodeNotFound,
		"/no/such/dir":                       source.CodeNotFound,
		"./no-such-file:tag":                 source.CodeNotFound,
		"no-such-file.tar":                   source.CodeNotFound,
		"out/no-such-file.tar.gz":            source.CodeNotFound,
		"oci-dir:" + file:                    source.CodeNotFound,
		"oci-dir:" + dir:                     source.CodeNotAnImage,
		"dir:" + dir:                         source.CodeNotAnImage,
		"docker-archive:" + dir:              source.CodeNotAnImage,
		dir:                                  source.CodeNotAnImage,
		file:                                 source.CodeNotAnImage,
		"oci-archive:" + file:                source.CodeNotAnImage,
		"/dev/null":                          source.CodeNotAnImage,
		empty:                                source.CodeNotAnImage,
		other:                                source.CodeNotAnImage,
		"docker-archive:" + twoLayers().OCIArchive(t, "x"):                   source.CodeNotAnImage,
		"oci-archive:" + twoLayers().DockerArchive(t, testkit.Legacy, "a:1"): source.CodeNotAnImage,
	} {
		if said := refused(t, name, source.Options{}, code); strings.Contains(said, "\n") {
			t.Errorf("not one sentence: %s", said)
		}
	}
}

func TestOpenStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{twoLayers().DockerArchive(t, testkit.Legacy, "a:1"), "127.0.0.1:1/a"} {
		if i, err := source.Open(ctx, name, source.Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, %v", name, i, err)
		}
	}
}
