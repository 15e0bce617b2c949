package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/source"
)

// shelf is a registry that serves what a test puts on it, by path.
type shelf struct {
	mu    sync.Mutex
	docs  map[string][]byte
	types map[string]string
	// status answers a path otherwise.
	status map[string]int
	// links name the next page of a path with its query.
	links map[string]string
	asked []string
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v2/app/")
	s.asked = append(s.asked, path)
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	if next := s.links[path]; next != "" {
		w.Header().Set("Link", next)
	}
	if code := s.status[path]; code != 0 {
		w.WriteHeader(code)
		return
	}
	if r.URL.Path == "/v2/" {
		return
	}
	doc, ok := s.docs[path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if t := s.types[path]; t != "" {
		w.Header().Set("Content-Type", t)
	}
	_, _ = w.Write(doc)
}

func (s *shelf) put(path, mediaType string, doc []byte) image.Digest {
	s.docs[path], s.types[path] = doc, mediaType
	return image.DigestOf(doc)
}

// artifact puts a manifest with one layer and gives its descriptor.
func (s *shelf) artifact(kind, layerType string, layer []byte) testkit.Object {
	d := s.put("blobs/"+string(image.DigestOf(layer)), "", layer)
	raw, _ := json.Marshal(testkit.Object{
		"schemaVersion": 2, "mediaType": testkit.OCIManifest, "artifactType": kind,
		"config": testkit.Object{"mediaType": "application/vnd.oci.empty.v1+json", "digest": image.DigestOf([]byte("{}")), "size": 2},
		"layers": []any{testkit.Object{"mediaType": layerType, "digest": d, "size": len(layer)}},
	})
	m := s.put("manifests/"+string(image.DigestOf(raw)), testkit.OCIManifest, raw)
	return testkit.Object{"mediaType": testkit.OCIManifest, "digest": m, "size": len(raw), "artifactType": kind}
}

func index(entries ...any) []byte {
	raw, _ := json.Marshal(testkit.Object{"schemaVersion": 2, "mediaType": testkit.OCIIndex, "manifests": append([]any{}, entries...)})
	return raw
}

const bundle = "application/vnd.dev.sigstore.bundle.v0.3+json"

func TestAttestations(t *testing.T) {
	t.Parallel()
	build := testkit.Image(testkit.Layer(testkit.File("a", "b")))
	d := build.Digest()
	fallback := "manifests/sha256-" + d.Hex()
	tag := fallback + ".att"
	for name, c := range map[string]struct {
		change func(s *shelf)
		// want are the documents found, errs parts of what is told.
		want, errs []string
		asked      int // for the attestations alone; 0 does not look
	}{
		"none":                  {change: func(*shelf) {}, asked: 3},
		"a registry that lists": {change: func(s *shelf) { s.put("referrers/"+string(d), testkit.OCIIndex, index()) }, asked: 2},
		"listed": {change: func(s *shelf) {
			s.put("referrers/"+string(d), testkit.OCIIndex, index(s.artifact(bundle, bundle, []byte("one")), s.artifact("application/spdx+json", bundle, []byte("unwanted")),
				s.artifact(bundle, "text/plain", []byte("unwanted too"))))
		}, want: []string{"one"}},
		"listed under a tag": {change: func(s *shelf) { s.put(fallback, testkit.OCIIndex, index(s.artifact(bundle, bundle, []byte("two")))) }, want: []string{"two"}},
		"in both places, once": {change: func(s *shelf) {
			a := s.artifact(bundle, bundle, []byte("one"))
			s.put("referrers/"+string(d), testkit.OCIIndex, index(a))
			s.put(tag, testkit.OCIManifest, s.docs["manifests/"+string(a["digest"].(image.Digest))])
		}, want: []string{"one"}},
		"refused":                      {change: func(s *shelf) { s.status["referrers/"+string(d)] = http.StatusForbidden }},
		"under the tag, not permitted": {change: func(s *shelf) { s.status[tag] = http.StatusForbidden }, errs: []string{"refused access"}},
		"under the tag, out of order":  {change: func(s *shelf) { s.status[tag] = http.StatusServiceUnavailable }, errs: []string{"status 503"}},
		"listed, too many questions":   {change: func(s *shelf) { s.status["referrers/"+string(d)] = http.StatusTooManyRequests }, errs: []string{"status 429"}},
		"no index":                     {change: func(s *shelf) { s.put("referrers/"+string(d), testkit.OCIIndex, []byte("<html>")) }, errs: []string{"cannot be read"}},
		"several pages": {change: func(s *shelf) {
			first := "referrers/" + string(d)
			s.put(first, testkit.OCIIndex, index(s.artifact(bundle, bundle, []byte("one"))))
			s.put(first+"?last=1", testkit.OCIIndex, index(s.artifact(bundle, bundle, []byte("two"))))
			s.put(first+"?last=2", testkit.OCIIndex, index(s.artifact(bundle, bundle, []byte("three"))))
			s.links[first] = "</v2/app/" + first + "?last=1>; rel=\"next\""
			s.links[first+"?last=1"] = "<https://elsewhere.example/first>; rel=first, <https://internal.example/v2/app/" + first + "?last=2>;title=x; rel=next"
		}, want: []string{"one", "two", "three"}},
		"a page that is gone": {change: func(s *shelf) {
			first := "referrers/" + string(d)
			s.put(first, testkit.OCIIndex, index(s.artifact(bundle, bundle, []byte("one"))))
			s.links[first] = "<?last=1>; rel=next"
		}, want: []string{"one"}, errs: []string{"does not list what refers"}},
		"pages without end": {change: func(s *shelf) {
			first := "referrers/" + string(d)
			for i := range 40 {
				path := first + strings.Repeat("?", min(i, 1)) + strings.TrimPrefix(fmt.Sprintf("n=%d", i), "n=0")
				s.put(path, testkit.OCIIndex, index(s.artifact(bundle, bundle, []byte("one"))))
				s.links[path] = fmt.Sprintf("<?n=%d>; rel=next", i+1)
			}
		}, want: []string{"one"}, errs: []string{"more than 16 pages"}, asked: 19},
		"a page after itself": {change: func(s *shelf) {
			first := "referrers/" + string(d)
			s.put(first, testkit.OCIIndex, index(s.artifact(bundle, bundle, []byte("one"))))
			s.links[first] = "</v2/app/" + first + ">; rel=next"
		}, want: []string{"one"}, errs: []string{"names as its next page the same"}},
		"a next page that is something else": {change: func(s *shelf) {
			first := "referrers/" + string(d)
			s.put(first, testkit.OCIIndex, index(s.artifact(bundle, bundle, []byte("one"))))
			s.links[first] = "</v2/app/referrers/../../../token>; rel=next"
		}, want: []string{"one"}, errs: []string{"not one of the list's"}},
		"another content than its digest": {change: func(s *shelf) {
			s.put("referrers/"+string(d), testkit.OCIIndex, index(s.artifact(bundle, bundle, []byte("one")), s.artifact(bundle, bundle, []byte("two"))))
			s.docs["blobs/"+string(image.DigestOf([]byte("one")))] = []byte("eno")
		}, want: []string{"two"}, errs: []string{"does not match its digest"}},
		"a manifest that is gone": {change: func(s *shelf) {
			a := s.artifact(bundle, bundle, []byte("one"))
			s.put("referrers/"+string(d), testkit.OCIIndex, index(a))
			delete(s.docs, "manifests/"+string(a["digest"].(image.Digest)))
		}, errs: []string{"no such image"}},
		"too many": {change: func(s *shelf) {
			var list []any
			for i := range 80 {
				list = append(list, s.artifact(bundle, bundle, fmt.Append(nil, i)))
			}
			s.put("referrers/"+string(d), testkit.OCIIndex, index(list...))
		}, errs: []string{"more than 64 attestations"}},
		"too large": {change: func(s *shelf) {
			a := s.artifact(bundle, bundle, []byte("one"))
			path := "manifests/" + string(a["digest"].(image.Digest))
			raw := []byte(strings.Replace(string(s.docs[path]), `"size":3`, `"size":30000000`, 1))
			s.put(tag, testkit.OCIManifest, raw)
		}, errs: []string{"30000000 bytes, more than"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{docs: map[string][]byte{}, types: map[string]string{}, status: map[string]int{}, links: map[string]string{}}
			s.put("manifests/"+string(d), build.MediaType(), build.Manifest())
			for digest, blob := range build.Blobs() {
				s.put("blobs/"+string(digest), "", blob)
			}
			c.change(s)
			srv := httptest.NewServer(s)
			t.Cleanup(srv.Close)
			ref := image.Reference{Registry: strings.TrimPrefix(srv.URL, "http://"), Repository: "app", Digest: d}
			img, err := source.OpenReference(t.Context(), ref, source.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer img.Close()
			before := len(s.asked)
			wanted := func(mediaType, _ string) bool { return mediaType == bundle }
			found, errs := img.Attestations(t.Context(), []image.Digest{d}, wanted)
			var got []string
			for _, a := range found {
				got = append(got, string(a.Raw))
			}
			if name != "too many" {
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("found (-want +got):\n%s", diff)
				}
			} else if len(got) != 64 {
				t.Errorf("%d found, want 64", len(got))
			}
			if len(errs) != len(c.errs) {
				t.Fatalf("errors: %v, want %q", errs, c.errs)
			}
			for i, err := range errs {
				if !strings.Contains(err.Error(), c.errs[i]) {
					t.Errorf("error %q, want …%s…", err, c.errs[i])
				}
				if got := source.Unanswered(err); got != strings.HasPrefix(c.errs[i], "status ") {
					t.Errorf("error %q: unanswered %v", err, got)
				}
			}
			if n := len(s.asked) - before; c.asked > 0 && n != c.asked {
				t.Errorf("%d requests, want %d: %v", n, c.asked, s.asked[before:])
			}
			if name == "none" { // signatures have a tag of their own
				one := testkit.Object{"mediaType": bundle, "digest": s.put("blobs/"+string(image.DigestOf([]byte("one"))), "", []byte("one")), "size": 3}
				other := testkit.Object{"mediaType": bundle, "digest": one["digest"], "size": 3, "annotations": map[string]string{"dev.cosignproject.cosign/signature": "x"}}
				raw, _ := json.Marshal(testkit.Object{"schemaVersion": 2, "mediaType": testkit.OCIManifest, "layers": []any{one, other, one},
					"config": testkit.Object{"mediaType": "application/vnd.oci.empty.v1+json", "digest": image.DigestOf([]byte("{}")), "size": 2}})
				s.put(fallback+".sig", testkit.OCIManifest, raw)
				signatures, errs := img.Signatures(t.Context(), []image.Digest{d}, wanted)
				if len(errs) > 0 || len(signatures) != 2 || signatures[1].Annotations["dev.cosignproject.cosign/signature"] != "x" || signatures[0].MediaType != bundle {
					t.Errorf("signatures: %+v, %v", signatures, errs)
				}
			}
		})
	}
}

func TestOtherSourcesHaveNoAttestations(t *testing.T) {
	t.Parallel()
	img, err := source.Open(t.Context(), "oci-dir:"+testkit.Image(testkit.Layer(testkit.File("a", "b"))).OCIDir(t, "latest"), source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	found, errs := img.Attestations(t.Context(), []image.Digest{img.Manifest.Digest}, func(string, string) bool { return true })
	if len(found)+len(errs) > 0 {
		t.Errorf("found %v, %v", found, errs)
	}
}

// What somebody lists beside a signature hides it neither by being the same bytes nor by being many.
func TestACrowdHidesNoSignature(t *testing.T) {
	t.Parallel()
	build := testkit.Image(testkit.Layer(testkit.File("a", "b")))
	d := build.Digest()
	s := &shelf{docs: map[string][]byte{}, types: map[string]string{}, status: map[string]int{}, links: map[string]string{}}
	s.put("manifests/"+string(d), build.MediaType(), build.Manifest())
	for digest, blob := range build.Blobs() {
		s.put("blobs/"+string(digest), "", blob)
	}
	parent := image.DigestOf([]byte("the index"))
	var crowd []any
	for i := range 80 {
		crowd = append(crowd, s.artifact(bundle, bundle, fmt.Append(nil, "strange ", i)))
	}
	for _, about := range []image.Digest{parent, d} { // in the order in which they are asked for
		s.put("referrers/"+string(about), testkit.OCIIndex, index(crowd...))
	}
	const signature, certificate = "dev.cosignproject.cosign/signature", "dev.sigstore.cosign/certificate"
	payload := []byte("payload")
	one := func(mediaType, certified string) testkit.Object {
		return testkit.Object{"mediaType": mediaType, "digest": s.put("blobs/"+string(image.DigestOf(payload)), "", payload), "size": len(payload),
			"annotations": map[string]string{signature: "x", certificate: certified}}
	}
	tag := func(name string, layers ...any) {
		raw, _ := json.Marshal(testkit.Object{"schemaVersion": 2, "mediaType": testkit.OCIManifest, "layers": layers,
			"config": testkit.Object{"mediaType": "application/vnd.oci.empty.v1+json", "digest": image.DigestOf([]byte("{}")), "size": 2}})
		s.put("manifests/sha256-"+d.Hex()+name, testkit.OCIManifest, raw)
	}
	var many []any
	for i := range 80 {
		many = append(many, one("a/signature", fmt.Sprint("strange ", i)))
	}
	tag(".sig", append([]any{one("a/bundle", "good"), one("a/signature", ""), one("a/signature", "good"), one("a/signature", "good")}, many...)...)
	tag(".att", one("an/attestation", "good"))
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	img, err := source.OpenReference(t.Context(), image.Reference{Registry: strings.TrimPrefix(srv.URL, "http://"), Repository: "app", Digest: d}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	found, errs := img.Signatures(t.Context(), []image.Digest{parent, d}, func(string, string) bool { return true })
	got := map[string]int{}
	for _, a := range found {
		if a.MediaType == bundle {
			got["listed"]++
		} else if a.Annotations[certificate] == "good" {
			got["good "+a.MediaType]++
		}
	}
	want := map[string]int{"good a/bundle": 1, "good a/signature": 1, "good an/attestation": 1, "listed": 80}
	if diff := cmp.Diff(want, got); diff != "" || len(errs) != 1 {
		t.Errorf("found (-want +got):\n%s\nerrors: %v", diff, errs)
	}
}
