package source_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/source"
)

// A reference that comes from others is never a path, though it looks like one that exists.
func TestAReferenceIsNeverLookedForOnTheDisk(t *testing.T) {
	layout := testkit.Image(testkit.Layer(testkit.File("a", "b"))).OCIDir(t, "1")
	t.Chdir(t.TempDir())
	for _, name := range []string{"127.0.0.1:1/team/web:1", "oci-dir:1/team/web:1", "dir:1/team/web"} {
		ref, err := image.ParseReference(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{ref.String(), "1/team/web"} {
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.RemoveAll(path), os.CopyFS(path, os.DirFS(layout))); err != nil {
				t.Fatal(err)
			}
		}
		img, err := source.OpenReference(t.Context(), ref, source.Options{Registry: source.RegistryOptions{PlainHTTP: true}})
		if err == nil {
			_ = img.Close()
			t.Errorf("%s was read from the disk", name)
		}
	}
}
