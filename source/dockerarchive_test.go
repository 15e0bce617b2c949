package source_test

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/source"
)

func TestDockerArchivesOfAllStyles(t *testing.T) {
	t.Parallel()
	base := testkit.Layer(testkit.File("a", "1"))
	img := testkit.Image(base, testkit.Layer(testkit.File("b", "2")), base)
	digests := map[string]image.Digest{}
	for _, style := range []string{testkit.Legacy, testkit.Symlinks, testkit.OCIStyle} {
		path := img.DockerArchive(t, style, "q.io/a/b:v1")
		i := open(t, "docker-archive:"+path, source.Options{})
		checkBlobs(t, i, img)
		for n, l := range i.Manifest.Layers {
			if l.Digest != img.Layers[n].DiffID || strings.Contains(l.MediaType, "gzip") {
				t.Errorf("%s: layer %d is %+v, but the archive holds plain tars", style, n, l)
			}
		}
		if want := (image.Reference{Registry: "q.io", Repository: "a/b", Tag: "v1"}); i.Reference != want {
			t.Errorf("%s: reference %v", style, i.Reference)
		}
		digests[style] = i.Manifest.Digest
		if bare := open(t, path, source.Options{}); bare.Manifest.Digest != i.Manifest.Digest {
			t.Errorf("%s: the bare path gives %s", style, bare.Manifest.Digest)
		}
	}
	if digests[testkit.Legacy] != digests[testkit.Symlinks] {
		t.Errorf("one content, two manifests: %v", digests)
	}
	// The manifest made of an archive must stay the same over versions: images are known by its digest.
	if want := image.Digest("sha256:ae195bbf5beb19650d01ada96782235036e9062a074648083e02808dc34a2cbb"); digests[testkit.Legacy] != want {
		t.Errorf("the synthesised manifest is %s, was %s", digests[testkit.Legacy], want)
	}
}

func TestTheManifestOfANewerArchiveIsKept(t *testing.T) {
	t.Parallel()
	img := twoLayers() // compressed blobs and the registry's own manifest, as engines on containerd save them
	files := testkit.Layout(map[string]*testkit.Document{"": testkit.Index(testkit.OCIIndex, img.For(s390x).Document(), img.Document())})
	delete(files, "blobs/sha256/"+img.For(s390x).Digest().Hex())
	blob := func(d image.Digest) string { return `"blobs/sha256/` + d.Hex() + `"` }
	files["manifest.json"] = []byte(`[{"Config":` + blob(image.DigestOf(img.Config())) + `,"RepoTags":["a:1"],"Layers":[` +
		blob(img.Layers[0].Digest) + "," + blob(img.Layers[1].Digest) + `]}]`)
	i := open(t, "docker-archive:"+testkit.WriteArchive(t, testkit.Entries(files)...), source.Options{})
	if i.Manifest.Digest != img.Digest() {
		t.Errorf("manifest %s, want the registry's %s", i.Manifest.Digest, img.Digest())
	}
	checkBlobs(t, i, img)
}

func TestCompressedLayersInADockerArchive(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	entries := img.DockerEntries(testkit.Legacy, "a:1")
	n := 0
	for i := range entries {
		if strings.HasSuffix(entries[i].Path, "/layer.tar") {
			entries[i].Data = string(img.Layers[n].Blob)
			n++
		}
	}
	i := open(t, testkit.WriteArchive(t, entries...), source.Options{})
	checkBlobs(t, i, img)
	for n, l := range i.Manifest.Layers {
		if l.Digest != img.Layers[n].Digest || !strings.HasSuffix(l.MediaType, "tar."+img.Layers[n].Compression) {
			t.Errorf("layer %d: %+v", n, l)
		}
	}
}

func TestCompressedArchives(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	for _, how := range []string{"gzip", "zstd"} {
		for _, entries := range [][]testkit.Entry{
			img.DockerEntries(testkit.Legacy, "a:1"),
			testkit.Entries(testkit.Layout(map[string]*testkit.Document{"latest": img.Document()})),
		} {
			packed := testkit.Compress(testkit.Tar(entries...), how)
			temp := t.TempDir()
			i := open(t, writeFile(t, packed), source.Options{TempDir: temp})
			checkBlobs(t, i, img)
			refused(t, writeFile(t, packed[:len(packed)/2]), source.Options{TempDir: temp}, source.CodeNotAnImage)
			if left, _ := os.ReadDir(temp); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		}
	}
}

func TestADockerArchiveOfSeveralImages(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	entries := testkit.Edit(img.DockerEntries(testkit.Legacy, "q.io/a/b:v1"), "manifest.json", func(s string) string {
		item := s[1 : len(s)-1]
		return "[" + item + "," + strings.ReplaceAll(item, "q.io/a/b:v1", "q.io/a/b:v2") + "," + strings.ReplaceAll(item, "q.io/a/b:v1", "c:v2") + "]"
	})
	path := testkit.WriteArchive(t, entries...)
	if said := refused(t, "docker-archive:"+path, source.Options{}, source.CodeTagRequired); !strings.Contains(said, "q.io/a/b:v1, q.io/a/b:v2, c:v2") {
		t.Errorf("the tags are not named: %s", said)
	}
	for tag, want := range map[string]string{"v1": "q.io/a/b:v1", "q.io/a/b:v2": "q.io/a/b:v2", "c:v2": "docker.io/c:v2", "docker.io/c:v2": "docker.io/c:v2"} {
		if i := open(t, "docker-archive:"+path+":"+tag, source.Options{}); i.Reference.FullTag() != want {
			t.Errorf("%s leads to %s", tag, i.Reference)
		}
	}
	refused(t, "docker-archive:"+path+":v2", source.Options{}, source.CodeTagRequired)
	refused(t, "docker-archive:"+path+":v3", source.Options{}, source.CodeNotFound)
}

func TestAnArchiveWithColonsInItsName(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	path := filepath.Join(t.TempDir(), "image:v1.tar")
	if err := os.WriteFile(path, testkit.Tar(img.DockerEntries(testkit.Legacy, "q.io:5000/a:v1")...), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"docker-archive:" + path, path, path + ":v1", "docker-archive:" + path + ":q.io:5000/a:v1"} {
		if i := open(t, name, source.Options{}); i.Reference.FullTag() != "q.io:5000/a:v1" {
			t.Errorf("%s leads to %v", name, i.Reference)
		}
	}
}

func TestBrokenDockerArchives(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	good := img.DockerEntries(testkit.Legacy, "a:1")
	config := image.DigestOf(img.Config()).Hex() + ".json"
	layer := ""
	for _, e := range good {
		if strings.HasSuffix(e.Path, "/layer.tar") {
			layer = e.Path
		}
	}
	list := func(change func(string) string) []testkit.Entry { return testkit.Edit(good, "manifest.json", change) }
	swap := func(old, new string) func(string) string {
		return func(s string) string { return strings.ReplaceAll(s, old, new) }
	}
	text := func(s string) func(string) string { return func(string) string { return s } }
	linked := func(kind byte, target string) []testkit.Entry {
		return append(testkit.Edit(good, layer, nil), testkit.Entry{Path: layer, Link: target, Type: kind})
	}
	for name, c := range map[string]struct {
		entries []testkit.Entry
		code    string
	}{
		"config outside":        {list(swap(config, "/etc/passwd")), source.CodeNotAnImage},
		"config above":          {list(swap(config, "../../../../etc/passwd")), source.CodeNotAnImage},
		"layer outside":         {list(swap(layer, "/etc/passwd")), source.CodeNotAnImage},
		"layer above":           {list(swap(layer, "../../../etc/passwd")), source.CodeNotAnImage},
		"layer links outside":   {linked(tar.TypeSymlink, "/etc/passwd"), source.CodeNotAnImage},
		"layer links above":     {linked(tar.TypeSymlink, "../../../../etc/passwd"), source.CodeNotAnImage},
		"layer hard-linked out": {linked(tar.TypeLink, "/etc/passwd"), source.CodeNotAnImage},
		"layer links to itself": {linked(tar.TypeSymlink, "layer.tar"), source.CodeNotAnImage},
		"layer is a directory":  {linked(tar.TypeDir, ""), source.CodeNotAnImage},
		"layer is a device":     {linked(tar.TypeChar, ""), source.CodeNotAnImage},
		"layer missing":         {testkit.Edit(good, layer, nil), source.CodeNotAnImage},
		"config missing":        {testkit.Edit(good, config, nil), source.CodeNotAnImage},
		"config changed":        {testkit.Edit(good, config, swap("/bin/sh", "/bin/zz")), source.CodeDigestMismatch},
		"fewer layers":          {list(swap(`,"`+layer+`"`, "")), source.CodeNotAnImage},
		"list is no JSON":       {list(text("<html>")), source.CodeNotAnImage},
		"list is an object":     {list(text("{}")), source.CodeNotAnImage},
		"list is empty":         {list(text("[]")), source.CodeNotAnImage},
		"list is null":          {list(text("null")), source.CodeNotAnImage},
		"list holds null":       {list(text("[null]")), source.CodeNotAnImage},
		"list is too long":      {list(text("[" + strings.Repeat("{},", 2000) + "{}]")), source.CodeLimit},
		"list is huge":          {list(text(`["` + strings.Repeat("a", 5<<20) + `"]`)), source.CodeLimit},
		"too many layers":       {list(swap(`"`+layer+`"`, `"`+layer+`"`+strings.Repeat(`,"x"`, 2000))), source.CodeLimit},
		"no list":               {testkit.Edit(good, "manifest.json", nil), source.CodeNotAnImage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, "docker-archive:"+testkit.WriteArchive(t, c.entries...), source.Options{}, c.code)
		})
	}
	whole := testkit.Tar(good...)
	for _, n := range []int{0, 1, 511, 512, 600, len(whole) / 2} {
		refused(t, "docker-archive:"+writeFile(t, whole[:n]), source.Options{}, source.CodeNotAnImage)
	}
	untagged := open(t, "docker-archive:"+testkit.WriteArchive(t, list(swap(`["a:1"]`, "null"))...), source.Options{})
	if untagged.Reference != (image.Reference{}) {
		t.Errorf("an image without a tag is called %v", untagged.Reference)
	}
}

func writeFile(t testing.TB, data []byte) string {
	t.Helper()
	return filepath.Join(testkit.WriteFiles(t, map[string][]byte{"image.tar": data}), "image.tar")
}
