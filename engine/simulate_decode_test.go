package engine

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

// A shared package is what it would be by itself, in every order of documents.
func TestAnalysesAreDecodedAsByTheLibrary(t *testing.T) {
	t.Parallel()
	owner := &image.PackageRef{Type: image.Deb, Name: "python3-x", Version: "1"}
	documents := []*image.Analysis{
		{Schema: 1, Packages: debs("1.0-1"), Gaps: []image.Gap{}},
		{Schema: 1, Packages: append(debs("1.0-1"), image.Package{Type: image.Python, Name: "ü\"x", Licenses: []string{"MIT"}, OwnedBy: owner, Extra: map[string]string{"a": "b"}}), Dockerfile: "FROM {\"packages\":[1]}\n"},
		{Schema: 1, Config: image.ContainerConfig{Labels: map[string]string{"packages": "[{}]"}}},
		{Schema: 1, Packages: []image.Package{}},
	}
	var c packageCache
	for range 2 {
		for i, doc := range documents {
			raw, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			want := new(image.Analysis)
			if err := json.Unmarshal(raw, want); err != nil {
				t.Fatal(err)
			}
			got, err := c.decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("document %d (-want +got):\n%s", i, diff)
			}
		}
	}
	for _, bad := range []string{``, `[]`, `{"packages":[{"name":1}]}`, `{"packages":[{]}`, `{"schema":"x"}`, `{"packages":{}}`} {
		if a, err := c.decode([]byte(bad)); err == nil {
			t.Errorf("%q was read as %+v", bad, a)
		}
	}
}
