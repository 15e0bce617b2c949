package source

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
)

// memory is an archive that lies in memory, so that the fuzzer is not held up by the disk.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// FuzzArchive states what holds for an archive of any documents, names and links: an error with a code, or an image
// whose parts are there and fit. The tar format itself is the standard library's matter.
func FuzzArchive(f *testing.F) {
	const layer = "what a layer holds does not matter here" // small seeds: the fuzzer shortens each find byte by byte
	img := testkit.Image(testkit.RawLayer([]byte(layer), image.DigestOf([]byte(layer)), "none"))
	img.RawConfig = []byte(`{"os":"linux","rootfs":{"diff_ids":["` + string(img.Layers[0].DiffID) + `"]}}`)
	config := string(img.Config())
	f.Add(`[{"Config":"c.json","RepoTags":["a:1"],"Layers":["l/layer.tar"]}]`, "", "c.json", config, "l/layer.tar", layer, "m/layer.tar", "../l/layer.tar")
	f.Add(`[{"Config":"c","Layers":["x"]}]`, "", "c", config, "l", layer, "x", "/l")
	f.Add("", string(testkit.Index(testkit.OCIIndex, img.Document()).Raw), blobPath(img.Digest()), string(img.Manifest()),
		blobPath(image.DigestOf(img.Config())), config, blobPath(img.Layers[0].Digest), "l")
	f.Fuzz(func(t *testing.T, list, index, name1, data1, name2, data2, name3, link string) {
		entries := []testkit.Entry{testkit.File("manifest.json", list), testkit.File("index.json", index)}
		if list == "" {
			entries = entries[1:]
		} else if index == "" {
			entries = entries[:1]
		}
		for _, e := range []testkit.Entry{testkit.File(name1, data1), testkit.File(name2, data2), testkit.Symlink(name3, link)} {
			if _, err := image.CleanPath(e.Path); err != nil || e.Path == "" || e.Path[len(e.Path)-1] == '/' || strings.ContainsRune(e.Link, 0) {
				return
			}
			entries = append(entries, e)
		}
		a, err := indexArchive(t.Context(), memory{bytes.NewReader(testkit.Tar(entries...))})
		var i *Image
		if err == nil {
			i, err = a.load(t.Context(), imageName{form: formAnyArchive}, Options{})
		}
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%v has no code", err)
			}
			return
		}
		if len(i.Manifest.Layers) != len(i.Config.DiffIDs) || image.DigestOf(i.Manifest.Raw) != i.Manifest.Digest {
			t.Fatalf("%+v", i)
		}
		for _, d := range i.Manifest.Layers {
			r, err := i.OpenBlob(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			r.Close()
		}
	})
}
