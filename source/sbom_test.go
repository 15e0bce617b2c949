package source_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/source"
)

const bom = `{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"component":{"type":"container","name":"web"}},
	"components":[{"type":"library","name":"left-pad","version":"1.3.0","purl":"pkg:npm/left-pad@1.3.0"}]}`

func TestAnSBOMIsASource(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "web:1.json")
	if err := os.WriteFile(file, []byte(bom), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sbom:" + file, file} {
		i := open(t, name, source.Options{})
		if i.SBOM == nil || i.SBOM.Name != "web" || len(i.SBOM.Analysis.Packages) != 1 || i.SBOM.Analysis.Packages[0].Name != "left-pad" {
			t.Fatalf("%s: %+v", name, i.SBOM)
		}
		if r, err := i.OpenBlob(context.Background(), image.Descriptor{Digest: image.DigestOf(nil)}); err == nil {
			r.Close()
			t.Errorf("%s has a blob", name)
		}
	}
}

func TestOtherJSONIsNoSource(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, []byte(`{"a":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sbom:" + file, file} {
		if said := refused(t, name, source.Options{}, source.CodeNotAnImage); !strings.Contains(said, "CycloneDX") {
			t.Errorf("%s: %s", name, said)
		}
	}
}
