package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func TestTheImageIsWhatItsManifestSays(t *testing.T) {
	t.Parallel()
	var layers []layerFile
	var plain [][]byte
	for _, name := range []string{"one", "two"} {
		var b bytes.Buffer
		l := newLayer(&b)
		if err := l.file("opt/"+name, 0o644, []byte(name)); err != nil {
			t.Fatal(err)
		}
		if err := l.close(); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		layers, plain = append(layers, layerFile{Path: file, CreatedBy: "COPY " + name}), append(plain, b.Bytes())
	}
	img, err := buildImage(layers)
	if err != nil {
		t.Fatal(err)
	}
	r, err := startRegistry()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	tag, err := r.push(t.Context(), "demo/x", "1", img)
	if err != nil || tag != r.host+"/demo/x:1" {
		t.Fatalf("pushed as %q, %v", tag, err)
	}

	var manifest v1.Manifest
	decode(t, get(t, r, "manifests/1"), &manifest)
	var config v1.ConfigFile
	decode(t, blob(t, r, manifest.Config), &config)
	for i, l := range manifest.Layers {
		z, err := gzip.NewReader(bytes.NewReader(blob(t, r, l)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(got, plain[i]) || config.RootFS.DiffIDs[i] != hashOf(got) {
			t.Errorf("layer %d is not what was put in, or its diff ID is wrong: %v", i, err)
		}
	}
	var history []string
	for _, h := range config.History {
		if !h.EmptyLayer {
			history = append(history, h.CreatedBy)
		}
	}
	if diff := cmp.Diff([]string{"COPY one", "COPY two"}, history); diff != "" {
		t.Errorf("history of the layers (-want +got):\n%s", diff)
	}
	// Config and two layers were fetched, and the pushing does not count.
	if got := r.take(); len(got.Blobs) != 3 || got.Requests != 4 {
		t.Errorf("counted %d requests and %d blobs, want 4 and 3", got.Requests, len(got.Blobs))
	}
}

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// blob fetches what a descriptor describes and compares it.
func blob(t *testing.T, r *imageRegistry, d v1.Descriptor) []byte {
	t.Helper()
	b := get(t, r, "blobs/"+d.Digest.String())
	if hashOf(b) != d.Digest || int64(len(b)) != d.Size {
		t.Errorf("%s has other bytes than its descriptor says", d.Digest)
	}
	return b
}

func get(t *testing.T, r *imageRegistry, path string) []byte {
	t.Helper()
	resp, err := http.Get("http://" + r.host + "/v2/demo/x/" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", path, resp.Status, err)
	}
	return b
}
