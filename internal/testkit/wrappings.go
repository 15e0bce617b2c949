package testkit

import (
	"archive/tar"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"landwaiter.dev/image"
)

// refName is the annotation by which a layout's index names a tag (OCI image specification, annotations.md).
const refName = "org.opencontainers.image.ref.name"

// Layout is the files of an OCI image layout with a tag for each document; the tag "" writes no name.
func Layout(tags map[string]*Document) map[string][]byte {
	files := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}
	entries := []any{}
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		d := *tags[tag]
		if tag != "" {
			d.Annotations = map[string]string{refName: tag}
			maps.Copy(d.Annotations, tags[tag].Annotations)
		}
		entries = append(entries, d.Descriptor())
		d.Walk(func(d *Document) {
			files[blobName(d.Digest())] = d.Raw
			for digest, b := range d.Blobs {
				files[blobName(digest)] = b
			}
		})
	}
	files["index.json"] = encode(Object{"schemaVersion": 2, "mediaType": OCIIndex, "manifests": entries})
	return files
}

func blobName(d image.Digest) string { return "blobs/sha256/" + d.Hex() }

// OCIDir writes the image as a layout directory.
func (i *ImageBuild) OCIDir(t testing.TB, tag string) string {
	t.Helper()
	return WriteFiles(t, Layout(map[string]*Document{tag: i.Document()}))
}

// OCIArchive writes the image as a layout in one tar.
func (i *ImageBuild) OCIArchive(t testing.TB, tag string) string {
	t.Helper()
	return WriteArchive(t, Entries(Layout(map[string]*Document{tag: i.Document()}))...)
}

// SkopeoDir writes the image in skopeo's directory form.
func (i *ImageBuild) SkopeoDir(t testing.TB) string {
	t.Helper()
	return WriteFiles(t, SkopeoFiles(i.Document()))
}

// SkopeoFiles are the files of skopeo's directory form; of an index, with each manifest below it.
func SkopeoFiles(root *Document) map[string][]byte {
	files := map[string][]byte{"version": []byte("Directory Transport Version: 1.1\n")}
	root.Walk(func(d *Document) {
		files[d.Digest().Hex()+".manifest.json"] = d.Raw
		for digest, b := range d.Blobs {
			files[digest.Hex()] = b
		}
	})
	delete(files, root.Digest().Hex()+".manifest.json")
	files["manifest.json"] = root.Raw
	return files
}

// Entries are files as entries of an archive, sorted by name.
func Entries(files map[string][]byte) []Entry {
	var entries []Entry
	for _, name := range slices.Sorted(maps.Keys(files)) {
		entries = append(entries, File(name, string(files[name])))
	}
	return entries
}

// WriteArchive writes the entries as a tar file of the test and returns its path.
func WriteArchive(t testing.TB, entries ...Entry) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(p, Tar(entries...), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// The styles of [ImageBuild.DockerEntries].
const (
	Legacy   = "legacy"   // <id>/layer.tar
	Symlinks = "symlinks" // the same, repeated layers as symlinks
	OCIStyle = "oci"      // a layout and manifest.json in one tar, as newer engines write it
)

// DockerArchive writes the image as `docker save` does, in one of the three styles.
func (i *ImageBuild) DockerArchive(t testing.TB, style string, tags ...string) string {
	t.Helper()
	return WriteArchive(t, i.DockerEntries(style, tags...)...)
}

// DockerEntries are the entries of a `docker save` archive.
func (i *ImageBuild) DockerEntries(style string, tags ...string) []Entry {
	config := i.Config()
	item := Object{"Config": image.DigestOf(config).Hex() + ".json", "RepoTags": tags}
	var entries []Entry
	var names []string
	if style == OCIStyle {
		plain := *i
		plain.Layers = nil
		for _, l := range i.Layers {
			plain.Layers = append(plain.Layers, l.As("none"))
			names = append(names, blobName(l.DiffID))
		}
		doc := plain.Document()
		if len(tags) > 0 {
			doc.Annotations = map[string]string{"io.containerd.image.name": tags[0]}
		}
		entries = Entries(Layout(map[string]*Document{"": doc}))
		item["Config"] = blobName(image.DigestOf(config))
	} else {
		first := map[image.Digest]string{}
		for n, l := range i.Layers {
			id := image.DigestOf(fmt.Appendf(nil, "%d %s", n, l.DiffID)).Hex()
			name := id + "/layer.tar"
			names = append(names, name)
			entries = append(entries, Dir(id), File(id+"/VERSION", "1.0"), File(id+"/json", `{"id":"`+id+`"}`))
			if earlier, ok := first[l.DiffID]; ok && style == Symlinks {
				entries = append(entries, Entry{Path: name, Link: "../" + earlier, Type: tar.TypeSymlink})
				continue
			}
			first[l.DiffID] = name
			entries = append(entries, File(name, string(l.Tar)))
		}
		entries = append(entries, File(item["Config"].(string), string(config)))
	}
	item["Layers"] = names
	return append(entries, File("manifest.json", string(encode([]any{item}))))
}

// Edit changes the data of the entry with that name, or removes the entry when change is nil.
func Edit(entries []Entry, name string, change func(string) string) []Entry {
	var out []Entry
	for _, e := range entries {
		if strings.TrimSuffix(e.Path, "/") == name {
			if change == nil {
				continue
			}
			e.Data = change(e.Data)
		}
		out = append(out, e)
	}
	return out
}
