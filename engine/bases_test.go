package engine_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/analysis"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// A user sees which image another one was built on, and which packages and vulnerabilities come from it.
func TestBaseOfAnImage(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		system := testkit.Layer(testkit.Dir("etc"), testkit.File("etc/os-release", osRelease), testkit.File("var/lib/dpkg/status", dpkgStatus("3.0.1-1")))
		app := testkit.Layer(testkit.File("usr/lib/python3/dist-packages/flask-2.0.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: flask\nVersion: 2.0.0\n"))
		testkit.Image(system).Push(t, f.registry, "app", "base")
		testkit.Image(system, app).Push(t, f.registry, "app", "1")

		img := f.add(t, "1")
		if l := f.lineage(t, img); l.Base != nil {
			t.Errorf("the base is %+v before one is known", l.Base)
		}
		base := f.add(t, "base")
		want := &image.KnownBase{Digest: base.Digest, Tags: []string{f.registry.Host + "/app:base"}, Layers: 1}
		if diff := cmp.Diff(want, f.lineage(t, img).Base); diff != "" {
			t.Errorf("base (-want +got):\n%s", diff)
		}
		if l := f.lineage(t, base); l.Base != nil {
			t.Errorf("the base of the base is %+v", l.Base)
		}
		a, err := f.Content.Analyzed(t.Context(), admin, img.Digest)
		if err != nil {
			t.Fatal(err)
		}
		inherited := map[string]bool{}
		for _, p := range a.Analysis.Packages {
			inherited[p.Name] = a.Lineage.Base.Inherits(p.Layer)
		}
		if diff := cmp.Diff(map[string]bool{"openssl": true, "flask": false}, inherited); diff != "" {
			t.Errorf("inherited packages (-want +got):\n%s", diff)
		}
		v, err := f.Vulns.Of(t.Context(), admin, img.Digest, engine.Moment{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, v.Base); diff != "" || len(v.Findings) != 1 || !v.Base.Inherits(v.Findings[0].Package.Layer) {
			t.Errorf("findings %+v\nbase of them (-want +got):\n%s", v.Findings, diff)
		}
		f.localBase(t, want, system, app)

		// The base goes: nothing is inherited any more, and nothing was written into the analysis.
		if _, err := f.Images.Delete(t.Context(), admin, base.Digest, true); err != nil {
			t.Fatal(err)
		}
		if l := f.lineage(t, img); l.Base != nil {
			t.Errorf("the base is %+v after it was deleted", l.Base)
		}
	})
}

func (f *fixture) lineage(t *testing.T, img store.Image) engine.Lineage {
	t.Helper()
	l, err := f.Bases.Of(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// localBase reads an image as scan does beside a server.
func (f *fixture) localBase(t *testing.T, want *image.KnownBase, layers ...*testkit.LayerBlob) {
	t.Helper()
	local := &engine.Local{Store: f.store, Reader: analysis.NewReader(analysis.Options{TempDir: t.TempDir()})}
	src, err := source.Open(t.Context(), "oci-dir:"+testkit.Image(layers...).OCIDir(t, "latest"), source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	a, verified, err := local.Analyze(t.Context(), src)
	if err == nil {
		err = verified()
	}
	if err != nil {
		t.Fatal(err)
	}
	base, err := local.Base(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, base); diff != "" {
		t.Errorf("base of a local image (-want +got):\n%s", diff)
	}
}

// An image that was analysed before chains were kept is a base like any other once the installation has looked at it.
func TestBaseOfOlderAnalyses(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		if _, err := s.EnsureAdmin(t.Context(), "hash"); err != nil {
			t.Fatal(err)
		}
		layers := []image.Layer{{LayerID: image.LayerID{Blob: image.DigestOf([]byte("b")), DiffID: image.DigestOf([]byte("d"))}}}
		document, err := json.Marshal(image.Analysis{Layers: layers})
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range [][]byte{document, []byte("no JSON")} {
			digest, err := s.Blobs().Put(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			img := store.Image{Account: admin, Digest: digest, LayerCount: 1}
			err = s.Write(t.Context(), func(tx *store.Tx) error {
				if err := tx.InsertImage(t.Context(), &img); err != nil {
					return err
				}
				a := store.Analysis{Document: digest}
				if err := tx.PutAnalysis(t.Context(), &a, nil); err != nil {
					return err
				}
				img.Status, img.AnalysisID = store.Analyzed, a.ID
				if err := tx.UpdateImage(t.Context(), &img); err != nil {
					return err
				}
				return tx.SetAnalysis(t.Context(), img.ID, a.ID, img.CreatedAt)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		start(t, s)
		above := store.ChainsOf(append(layers, image.Layer{LayerID: image.LayerID{Blob: "sha256:x", DiffID: "sha256:y"}}))
		waitFor(t, "chains", func() bool {
			left, err := s.AnalysesWithoutChains(t.Context(), 0, 10)
			return err == nil && len(left) == 0
		})
		found, err := s.BaseOf(t.Context(), admin, above.Prefixes, time.Time{})
		if err != nil || found.Digest != image.DigestOf(document) {
			t.Errorf("the base is %s, %v", found.Digest, err)
		}
	})
}
