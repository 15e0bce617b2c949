package source_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/source"
)

func TestBrokenLayouts(t *testing.T) {
	t.Parallel()
	layer := func(change func(*testkit.LayerBlob)) *testkit.ImageBuild {
		img := twoLayers()
		change(img.Layers[1])
		return img
	}
	manifest := func(change func(testkit.Object)) *testkit.ImageBuild {
		img := twoLayers()
		img.EditManifest = change
		return img
	}
	config := func(raw string) *testkit.ImageBuild {
		img := twoLayers()
		img.RawConfig = []byte(raw)
		return img
	}
	raw := func(s string) *testkit.ImageBuild {
		img := twoLayers()
		img.RawManifest = []byte(s)
		return img
	}
	for name, c := range map[string]struct {
		img  *testkit.ImageBuild
		code string
	}{
		"size too big":   {layer(func(l *testkit.LayerBlob) { l.Size += 10 }), source.CodeDigestMismatch},
		"size too small": {layer(func(l *testkit.LayerBlob) { l.Size -= 10 }), source.CodeDigestMismatch},
		"size negative":  {layer(func(l *testkit.LayerBlob) { l.Size = -1 }), source.CodeNotAnImage},
		"size huge":      {layer(func(l *testkit.LayerBlob) { l.Size = 1 << 50 }), source.CodeNotAnImage},
		"encrypted":      {layer(func(l *testkit.LayerBlob) { l.MediaType = testkit.OCILayer + "+gzip+encrypted" }), source.CodeUnsupported},
		"signature":      {layer(func(l *testkit.LayerBlob) { l.MediaType = "application/vnd.example.signature+json" }), source.CodeNotAnImage},
		"null layers":    {manifest(func(m testkit.Object) { m["layers"] = nil }), source.CodeNotAnImage},
		"no layers":      {manifest(func(m testkit.Object) { m["layers"] = []any{} }), source.CodeNotAnImage},
		"helm chart": {manifest(func(m testkit.Object) {
			m["config"].(testkit.Object)["mediaType"] = "application/vnd.cncf.helm.config.v1+json"
		}), source.CodeNotAnImage},
		"config missing":   {manifest(func(m testkit.Object) { m["config"].(testkit.Object)["digest"] = image.DigestOf(nil) }), source.CodeNotAnImage},
		"config size":      {manifest(func(m testkit.Object) { m["config"].(testkit.Object)["size"] = 5 }), source.CodeDigestMismatch},
		"config size huge": {manifest(func(m testkit.Object) { m["config"].(testkit.Object)["size"] = 1 << 30 }), source.CodeLimit},
		"config not JSON":  {config("<html>login page</html>"), source.CodeNotAnImage},
		"config too big":   {config(`{"x":"` + strings.Repeat("x", image.MaxConfigSize) + `"}`), source.CodeLimit},
		"fewer diff_ids":   {config(`{"os":"linux","rootfs":{"diff_ids":["` + string(twoLayers().Layers[0].DiffID) + `"]}}`), source.CodeNotAnImage},
		"manifest empty":   {raw(" "), source.CodeNotAnImage},
		"manifest cut":     {raw(string(twoLayers().Manifest()[:200])), source.CodeNotAnImage},
		"manifest deep":    {raw(`{"x":` + strings.Repeat("[", 100_000)), source.CodeNotAnImage},
		"manifest huge":    {manifest(func(m testkit.Object) { m["x"] = strings.Repeat("x", image.MaxManifestSize) }), source.CodeLimit},
		"schema 1":         {raw(`{"schemaVersion":1,"fsLayers":[]}`), source.CodeUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, "oci-dir:"+c.img.OCIDir(t, "latest"), source.Options{}, c.code)
			refused(t, "oci-archive:"+c.img.OCIArchive(t, "latest"), source.Options{}, c.code)
			refused(t, "dir:"+c.img.SkopeoDir(t), source.Options{}, c.code)
		})
	}
}

func TestBlobsThatAreNotWhatTheyShouldBe(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	blob := func(dir string, d image.Digest) string { return filepath.Join(dir, "blobs", "sha256", d.Hex()) }
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, img.Layers[1].Blob, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		what   image.Digest
		change func(path string) error
		code   string
	}{
		"layer missing":           {img.Layers[1].Digest, os.Remove, source.CodeNotAnImage},
		"layer a link outside":    {img.Layers[1].Digest, func(p string) error { os.Remove(p); return os.Symlink(outside, p) }, source.CodeNotAnImage},
		"layer a link above":      {img.Layers[1].Digest, func(p string) error { os.Remove(p); return os.Symlink("../../../../../../../../"+outside, p) }, source.CodeNotAnImage},
		"layer a pipe":            {img.Layers[1].Digest, func(p string) error { os.Remove(p); return syscall.Mkfifo(p, 0o644) }, source.CodeNotAnImage},
		"layer a directory":       {img.Layers[1].Digest, func(p string) error { os.Remove(p); return os.Mkdir(p, 0o755) }, source.CodeNotAnImage},
		"config missing":          {image.DigestOf(img.Config()), os.Remove, source.CodeNotAnImage},
		"config changed":          {image.DigestOf(img.Config()), flipLast, source.CodeDigestMismatch},
		"manifest changed":        {img.Digest(), flipLast, source.CodeDigestMismatch},
		"manifest missing":        {img.Digest(), os.Remove, source.CodeNotAnImage},
		"manifest a link outside": {img.Digest(), func(p string) error { os.Remove(p); return os.Symlink("/etc/passwd", p) }, source.CodeNotAnImage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := img.OCIDir(t, "latest")
			if err := c.change(blob(dir, c.what)); err != nil {
				t.Fatal(err)
			}
			said := refused(t, "oci-dir:"+dir, source.Options{}, c.code)
			if !strings.Contains(said, c.what.Hex()) {
				t.Errorf("what is wrong is not named: %s", said)
			}
		})
	}
}

// flipLast changes the last byte of a file.
func flipLast(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[len(b)-1] ^= 1
	return os.WriteFile(path, b, 0o644)
}

func TestALayerThatChangedItsContentIsLeftToTheReader(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	dir := img.OCIDir(t, "latest")
	if err := flipLast(filepath.Join(dir, "blobs", "sha256", img.Layers[1].Digest.Hex())); err != nil {
		t.Fatal(err)
	}
	i := open(t, dir, source.Options{}) // hashing every layer here would read each twice
	if raw := read(t, i, i.Manifest.Layers[1]); image.DigestOf(raw) == img.Layers[1].Digest {
		t.Error("the blob did not change")
	}
}

func TestLayoutsOfOtherVersions(t *testing.T) {
	t.Parallel()
	files := testkit.Layout(map[string]*testkit.Document{"latest": twoLayers().Document()})
	files["oci-layout"] = []byte(`{"imageLayoutVersion":"2.0.0"}`)
	refused(t, testkit.WriteFiles(t, files), source.Options{}, source.CodeUnsupported)
	delete(files, "oci-layout")
	open(t, testkit.WriteFiles(t, files), source.Options{})
}

func TestForeignLayersComeFromTheLayoutOrNotAtAll(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	img.EditManifest = func(m testkit.Object) {
		l := m["layers"].([]any)[1].(testkit.Object)
		l["mediaType"], l["urls"] = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", []string{"http://127.0.0.1:1/never"}
	}
	dir := img.OCIDir(t, "latest")
	checkBlobs(t, open(t, dir, source.Options{}), img)
	if err := os.Remove(filepath.Join(dir, "blobs", "sha256", img.Layers[1].Digest.Hex())); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, source.Options{}, source.CodeNotAnImage)
}
