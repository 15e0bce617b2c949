package analysis

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestBaseIsWhatTheImageSays(t *testing.T) {
	t.Parallel()
	const name, digestKey = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"
	d := image.DigestOf([]byte("debian"))
	for title, test := range map[string]struct {
		manifest string
		labels   map[string]string
		want     *image.BaseImage
	}{
		"annotations": {
			`{"annotations": {"` + name + `": "docker.io/library/debian:12", "` + digestKey + `": "` + string(d) + `"}}`,
			map[string]string{name: "other"}, &image.BaseImage{Name: "docker.io/library/debian:12", Digest: d},
		},
		"labels":              {`{}`, map[string]string{name: "debian:12", digestKey: string(d)}, &image.BaseImage{Name: "debian:12", Digest: d}},
		"a digest alone":      {`{"annotations": {"` + digestKey + `": "` + string(d) + `"}}`, nil, &image.BaseImage{Digest: d}},
		"nothing":             {`{"annotations": {"a": "b"}}`, map[string]string{"a": "b"}, nil},
		"scratch":             {`{}`, map[string]string{name: ""}, nil},
		"not a reference":     {`{}`, map[string]string{name: "a b\x1b[31m"}, nil},
		"a bad digest":        {`{}`, map[string]string{name: "debian", digestKey: "sha256:xyz"}, &image.BaseImage{Name: "debian"}},
		"too long":            {`{}`, map[string]string{name: strings.Repeat("a", 10_000)}, nil},
		"odd types":           {`{"annotations": {"` + name + `": 7}}`, map[string]string{name: "debian"}, &image.BaseImage{Name: "debian"}},
		"annotations no map":  {`{"annotations": []}`, nil, nil},
		"no manifest":         {``, nil, nil},
		"a manifest cut off":  {`{"annotations": {"` + name, nil, nil},
		"a digest as a claim": {`{}`, map[string]string{name: "debian@" + string(d)}, &image.BaseImage{Name: "debian@" + string(d)}},
	} {
		if diff := cmp.Diff(test.want, Base([]byte(test.manifest), test.labels)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", title, diff)
		}
	}
}

func FuzzBase(f *testing.F) {
	f.Add([]byte(`{"annotations": {"org.opencontainers.image.base.name": "debian:12"}}`))
	f.Add([]byte(`{"annotations": {"org.opencontainers.image.base.digest": null}}`))
	f.Fuzz(func(t *testing.T, manifest []byte) {
		b := Base(manifest, nil)
		if b != nil && (len(b.Name) > maxBaseName || b.Name == "" && b.Digest == "") {
			t.Errorf("%q gives %+v", manifest, b)
		}
	})
}
