package engine_test

import (
	"errors"
	"testing"
	"time"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// stranger is an account that may know nothing of what admin has read.
const stranger = "stranger"

// ended adds registry/repository:tag to an account and waits for the end of its analysis, whichever it is.
func (f *fixture) ended(t *testing.T, account, name string) store.Image {
	t.Helper()
	ref, err := image.ParseReference(name)
	if err != nil {
		t.Fatal(err)
	}
	img, err := f.Images.Add(t.Context(), account, engine.AddImage{Reference: ref})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "end of the analysis of "+name, func() bool {
		img, err = f.Images.Get(t.Context(), account, img.Digest)
		return err == nil && (img.Status == store.Analyzed || img.Status == store.AnalysisFailed)
	})
	return img
}

// knows says whether an account may take the report of a layer.
func (f *fixture) knows(t *testing.T, account string, l *testkit.LayerBlob) bool {
	t.Helper()
	id, err := f.store.LayerFor(t.Context(), image.LayerID{Blob: l.Digest, DiffID: l.DiffID})
	if err != nil {
		t.Fatal(err)
	}
	ok, err := f.store.LayerAccess(t.Context(), account, id)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestALayerKnownToAnotherAccountIsNoSecretGivenAway(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		now := time.Now().UTC()
		if err := s.Write(t.Context(), func(tx *store.Tx) error {
			return tx.PutAccount(t.Context(), store.Account{Name: stranger, Type: "user", State: "enabled", CreatedAt: now, UpdatedAt: now})
		}); err != nil {
			t.Fatal(err)
		}
		closed := testkit.StartRegistry(t, testkit.RegistryOptions{Auth: testkit.BasicAuth})
		if _, err := f.Registries.Create(t.Context(), admin, engine.PutRegistry{Registry: closed.Host, User: testkit.User, Password: testkit.Password, Verify: true}); err != nil {
			t.Fatal(err)
		}
		base := testkit.Layer(testkit.Dir("etc"), testkit.File("etc/os-release", osRelease))
		secret := testkit.Layer(testkit.File("var/lib/dpkg/status", dpkgStatus("3.0.1-1")))
		testkit.Image(base, secret).Push(t, closed, "private/app", "1")
		if img := f.ended(t, admin, closed.Host+"/private/app:1"); img.Status != store.Analyzed {
			t.Fatalf("the owner's image: %s", img.Error)
		}

		t.Run("the repository itself stays closed", func(t *testing.T) {
			ref, _ := image.ParseReference(closed.Host + "/private/app:1")
			_, err := f.Images.Add(t.Context(), stranger, engine.AddImage{Reference: ref})
			if e, ok := errors.AsType[*engine.Error](err); !ok || e.Code != "unauthorised" {
				t.Errorf("added without credentials: %v, want unauthorised", err)
			}
		})
		for _, account := range []string{stranger, admin} {
			t.Run("another blob that claims the diff ID, by "+account, func(t *testing.T) {
				lie := testkit.RawLayer(testkit.Compress(testkit.Tar(testkit.File("a", "b")), "gzip"), secret.DiffID, "gzip")
				testkit.Image(base, lie).Push(t, f.registry, "claim", "diff-id")
				if img := f.ended(t, account, f.registry.Host+"/claim:diff-id"); img.ErrorCode != "diff_id_mismatch" {
					t.Errorf("ended as %s, %q (%s), want diff_id_mismatch", img.Status, img.ErrorCode, img.Error)
				}
			})
			t.Run("the blob with another diff ID, by "+account, func(t *testing.T) {
				lie := testkit.RawLayer(secret.Blob, base.DiffID, "gzip")
				testkit.Image(base, lie).Push(t, f.registry, "claim", "blob")
				if img := f.ended(t, account, f.registry.Host+"/claim:blob"); img.ErrorCode != "diff_id_mismatch" {
					t.Errorf("ended as %s, %q (%s), want diff_id_mismatch", img.Status, img.ErrorCode, img.Error)
				}
			})
		}
		t.Run("blob and diff ID without having the bytes", func(t *testing.T) {
			testkit.Image(base, secret).Push(t, f.registry, "claim", "both")
			f.registry.Delete(t, "claim", "blobs", secret.Digest)
			img := f.ended(t, stranger, f.registry.Host+"/claim:both")
			if img.Status != store.AnalysisFailed || img.Error == "" {
				t.Errorf("ended as %s (%s), want a failure", img.Status, img.Error)
			}
			if f.knows(t, stranger, secret) {
				t.Error("the stranger got at the owner's report")
			}
		})
		t.Run("its own download", func(t *testing.T) {
			testkit.Image(base, secret).Push(t, f.registry, "copy", "1")
			if img := f.ended(t, stranger, f.registry.Host+"/copy:1"); img.Status != store.Analyzed {
				t.Errorf("ended as %s (%s)", img.Status, img.Error)
			}
			if !f.knows(t, stranger, secret) {
				t.Error("what the stranger has read itself is not known to it")
			}
		})
		if problems, err := s.Check(t.Context()); err != nil || len(problems) > 0 {
			t.Errorf("invariants: %v, %v", problems, err)
		}
	})
}
