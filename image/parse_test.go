package image_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/image"
)

const (
	configJSON = `{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:` + someHex + `","size":7}`
	layerJSON  = `{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:` + someHex + `","size":9}`
	ociType    = "application/vnd.oci.image.manifest.v1+json"
	dockerType = "application/vnd.docker.distribution.manifest.v2+json"
)

func manifestJSON(layers ...string) string {
	return `{"schemaVersion":2,"config":` + configJSON + `,"layers":[` + strings.Join(layers, ",") + `]}`
}

func TestParseManifest(t *testing.T) {
	t.Parallel()
	raw := []byte(`{"schemaVersion":2,"mediaType":"` + ociType + `","annotations":{"a":"b"},"unknown":[[]],"config":` + configJSON + `,
		"layers":[` + layerJSON + `,{"mediaType":"x.tar","digest":"sha256:` + someHex + `","size":0,"urls":["https://layers.example/1"]}]}`)
	got, err := image.ParseManifest(raw, "")
	if err != nil {
		t.Fatal(err)
	}
	want := &image.Manifest{
		Raw: raw, Digest: image.DigestOf(raw), MediaType: ociType,
		Config: image.Descriptor{MediaType: "application/vnd.oci.image.config.v1+json", Digest: someDigest, Size: 7},
		Layers: []image.Descriptor{
			{MediaType: "application/vnd.oci.image.layer.v1.tar+gzip", Digest: someDigest, Size: 9},
			{MediaType: "x.tar", Digest: someDigest, URLs: []string{"https://layers.example/1"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestManifestWithoutMediaType(t *testing.T) {
	t.Parallel()
	docker := strings.ReplaceAll(manifestJSON(), "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
	for _, c := range []struct{ raw, given, want string }{
		{manifestJSON(), "", ociType},
		{manifestJSON(), "application/json; charset=utf-8", ociType},
		{manifestJSON(), dockerType + "; charset=utf-8", dockerType},
		{docker, "", dockerType},
		{docker, "text/plain", dockerType},
	} {
		m, err := image.ParseManifest([]byte(c.raw), c.given)
		if err != nil || m.MediaType != c.want {
			t.Errorf("given %q: %v, %v; want %q", c.given, m, err, c.want)
		}
	}
}

func TestParseManifestRefuses(t *testing.T) {
	t.Parallel()
	descriptor := func(digest, size string) string {
		return manifestJSON(layerJSON, `{"digest":`+digest+`,"size":`+size+`}`)
	}
	good := `"sha256:` + someHex + `"`
	for name, c := range map[string]struct {
		raw    string
		reason image.ParseReason
	}{
		"empty":             {"", image.Malformed},
		"null":              {"null", image.Malformed},
		"a list":            {"[]", image.Malformed},
		"no fields":         {"{}", image.Malformed},
		"cut off":           {manifestJSON(layerJSON)[:60], image.Malformed},
		"trailing":          {manifestJSON(layerJSON) + "{}", image.Malformed},
		"deep":              {`{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}", image.Malformed},
		"types":             {`{"config":[],"layers":"none"}`, image.Malformed},
		"layer type":        {manifestJSON("5"), image.Malformed},
		"schema 1":          {`{"schemaVersion":1,"fsLayers":[]}`, image.Unsupported},
		"index":             {`{"manifests":[]}`, image.Malformed},
		"index and image":   {`{"manifests":[],"layers":[],"config":` + configJSON + `}`, image.Malformed},
		"layers twice":      {`{"config":` + configJSON + `,"layers":[` + layerJSON + `],"layers":[]}`, image.Malformed},
		"digest twice":      {manifestJSON(`{"digest":` + good + `,"digest":` + good + `,"size":1}`), image.Malformed},
		"other case":        {`{"Config":` + configJSON + `,"LAYERS":[]}`, image.Malformed},
		"digest is a path":  {descriptor(`"sha256:../../../etc/passwd"`, "1"), image.Malformed},
		"digest upper case": {descriptor(`"sha256:`+strings.ToUpper(someHex)+`"`, "1"), image.Malformed},
		"digest md5":        {descriptor(`"md5:d41d8cd98f00b204e9800998ecf8427e"`, "1"), image.Malformed},
		"digest empty":      {descriptor(`""`, "1"), image.Malformed},
		"digest null":       {descriptor(`null`, "1"), image.Malformed},
		"size negative":     {descriptor(good, "-1"), image.Malformed},
		"size huge":         {descriptor(good, "1125899906842624"), image.Malformed},
		"size beyond int64": {descriptor(good, "99999999999999999999"), image.Malformed},
		"size broken":       {descriptor(good, "1.5"), image.Malformed},
		"size null":         {descriptor(good, "null"), image.Malformed},
		"too many layers":   {manifestJSON(strings.Split(strings.Repeat(layerJSON+" ", image.MaxLayers+1), " ")[:image.MaxLayers+1]...), image.TooBig},
		"too many bytes":    {`{"x":"` + strings.Repeat("a", image.MaxManifestSize) + `"}`, image.TooBig},
	} {
		m, err := image.ParseManifest([]byte(c.raw), "")
		var p *image.ParseError
		if m != nil || !errors.As(err, &p) || p.Reason != c.reason {
			t.Errorf("%s: %v, %v; want a refusal as %s", name, m, err, c.reason)
		}
	}
}

func TestParseIndex(t *testing.T) {
	t.Parallel()
	raw := []byte(fmt.Sprintf(`{"manifests":[
		{"mediaType":%q,"digest":"sha256:%s","size":3,"platform":{"os":"linux","architecture":"arm","variant":"v7"}},
		{"mediaType":%q,"digest":"sha256:%s","size":4,"platform":{"os":"unknown","architecture":"unknown"},
		 "annotations":{"vnd.docker.reference.type":"attestation-manifest"}}]}`, ociType, someHex, ociType, someHex))
	x, err := image.ParseIndex(raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&image.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}, x.Manifests[0].Platform); diff != "" {
		t.Error(diff)
	}
	if x.Digest != image.DigestOf(raw) || x.Manifests[0].IsAttestation() || !x.Manifests[1].IsAttestation() {
		t.Errorf("%+v", x)
	}
	for _, bad := range []string{
		"", "{}", `{"manifests":{}}`, `{"manifests":[],"layers":[]}`, `{"manifests":[{}]}`, `{"manifests":[` + strings.Repeat(layerJSON+",", 2000) + layerJSON + `]}`,
	} {
		if x, err := image.ParseIndex([]byte(bad)); err == nil {
			t.Errorf("%.60q was taken: %+v", bad, x)
		}
	}
}

func TestIsIndexByContentFirst(t *testing.T) {
	t.Parallel()
	index := "application/vnd.oci.image.index.v1+json"
	for _, c := range []struct {
		raw, mediaType string
		want           bool
	}{
		{`{"manifests":[]}`, "", true},
		{`{"manifests":[]}`, ociType, true},
		{manifestJSON(), index, false},
		{`{}`, index, true},
		{`{}`, ociType, false},
		{`nonsense`, index, false},
	} {
		if got := image.IsIndex([]byte(c.raw), c.mediaType); got != c.want {
			t.Errorf("%s as %s: %v", c.raw, c.mediaType, got)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(manifestJSON(layerJSON)), ociType)
	f.Add([]byte(`{"manifests":[`+layerJSON+`]}`), "")
	f.Add([]byte(`{"config":`+configJSON+`,"layers":null}`), dockerType)
	f.Fuzz(func(t *testing.T, raw []byte, mediaType string) {
		var p *image.ParseError
		m, err := image.ParseManifest(raw, mediaType)
		if err != nil {
			if m != nil || !errors.As(err, &p) {
				t.Fatalf("%v beside %v", m, err)
			}
		} else {
			for _, d := range append(m.Layers, m.Config) {
				checkDescriptor(t, d)
			}
			if m.Digest != image.DigestOf(raw) || len(m.Layers) > image.MaxLayers || m.MediaType == "" || image.IsIndex(raw, mediaType) {
				t.Fatalf("%+v", m)
			}
		}
		x, err := image.ParseIndex(raw)
		if err == nil {
			for _, d := range x.Manifests {
				checkDescriptor(t, d)
			}
			if m != nil {
				t.Fatal("one document is a manifest and an index")
			}
		} else if !errors.As(err, &p) {
			t.Fatal(err)
		}
	})
}

func checkDescriptor(t *testing.T, d image.Descriptor) {
	t.Helper()
	if _, err := image.ParseDigest(string(d.Digest)); err != nil || d.Size < 0 || d.Size > image.MaxBlobSize {
		t.Fatalf("bad descriptor came through: %+v", d)
	}
}
