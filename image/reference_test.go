package image_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/image"
)

const someHex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

const someDigest = image.Digest("sha256:" + someHex)

func TestParseReference(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		ref       image.Reference
		canonical string
	}{
		"alpine":             {image.Reference{Registry: "docker.io", Repository: "alpine", Tag: "latest"}, "docker.io/alpine:latest"},
		"library/alpine:3":   {image.Reference{Registry: "docker.io", Repository: "library/alpine", Tag: "3"}, "docker.io/library/alpine:3"},
		"a/b/c":              {image.Reference{Registry: "docker.io", Repository: "a/b/c", Tag: "latest"}, "docker.io/a/b/c:latest"},
		"ghcr.io/a/b:v1.2_x": {image.Reference{Registry: "ghcr.io", Repository: "a/b", Tag: "v1.2_x"}, "ghcr.io/a/b:v1.2_x"},
		"localhost/a":        {image.Reference{Registry: "localhost", Repository: "a", Tag: "latest"}, "localhost/a:latest"},
		"localbuild/a:1":     {image.Reference{Registry: "localbuild", Repository: "a", Tag: "1"}, "localbuild/a:1"},
		"host:5000/a":        {image.Reference{Registry: "host:5000", Repository: "a", Tag: "latest"}, "host:5000/a:latest"},
		"[::1]:5000/a:x":     {image.Reference{Registry: "[::1]:5000", Repository: "a", Tag: "x"}, "[::1]:5000/a:x"},
		"host:5000":          {image.Reference{Registry: "docker.io", Repository: "host", Tag: "5000"}, "docker.io/host:5000"},
		"a@sha256:" + someHex: {
			image.Reference{Registry: "docker.io", Repository: "a", Digest: someDigest}, "docker.io/a@sha256:" + someHex,
		},
		"q.io/a:1@sha256:" + someHex: {
			image.Reference{Registry: "q.io", Repository: "a", Tag: "1", Digest: someDigest}, "q.io/a:1@sha256:" + someHex,
		},
	} {
		got, err := image.ParseReference(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if diff := cmp.Diff(want.ref, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
		if got.String() != want.canonical {
			t.Errorf("%q: written as %q, want %q", in, got, want.canonical)
		}
	}
}

func TestParseReferenceRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", " ", "a b", "a:b c", "ä", ":tag", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "q.io/../../etc/passwd", "a:", "a:-x",
		"a@", "a@sha256:12", "a@md5:" + someHex, "a@sha256:" + strings.ToUpper(someHex), "a@sha256:../../x", "a[b]", "q.io:port/a", "-.io/a",
		"a:b:c", "http://q.io/a", "a?b", "a%2e", strings.Repeat("a", 600), "a:" + strings.Repeat("t", 129), "q.io/", "q.io/:x",
	} {
		if r, err := image.ParseReference(in); err == nil {
			t.Errorf("%.60q was taken as %q", in, r)
		}
	}
}

func FuzzParseReference(f *testing.F) {
	for _, s := range []string{"alpine", "q.io:5000/a/b:1@sha256:" + someHex, "[::1]/x", "a:5000/b", "localhost/a@sha256:" + someHex} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := image.ParseReference(s)
		if err != nil {
			return
		}
		again, err := image.ParseReference(r.String())
		if err != nil || again != r {
			t.Fatalf("%q is %#v, which reads back as %#v (%v)", s, r, again, err)
		}
		if strings.Contains("/"+r.Repository+"/", "/../") || strings.ContainsAny(r.Registry+r.Repository, " ?#%@\\") {
			t.Fatalf("%q leads astray: %#v", s, r)
		}
	})
}
