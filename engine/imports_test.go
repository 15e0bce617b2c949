package engine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"landwaiter.dev/analysis"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// What nobody finished in time is over, and its documents go.
func TestImportsThatNobodyFinished(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		if _, err := s.EnsureAdmin(t.Context(), "hash"); err != nil {
			t.Fatal(err)
		}
		document, err := s.Blobs().Put(t.Context(), []byte("FROM scratch\n"))
		if err != nil {
			t.Fatal(err)
		}
		yesterday := time.Now().Add(-48 * time.Hour)
		err = s.Write(t.Context(), func(tx *store.Tx) error {
			op := store.Import{ID: "old", Account: admin, State: store.ImportPending, CreatedAt: yesterday, UpdatedAt: yesterday, ExpiresAt: yesterday.Add(24 * time.Hour)}
			if err := tx.InsertImport(t.Context(), &op); err != nil {
				return err
			}
			_, err := tx.PutImportContent(t.Context(), "old", store.ImportContent{Kind: engine.ImportDocker, Digest: document})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		f := start(t, s)
		op, err := f.Imports.Get(t.Context(), admin, "old")
		if err != nil || op.State != store.ImportExpired {
			t.Errorf("the operation is %s, %v", op.State, err)
		}
		_, err = f.Imports.Upload(t.Context(), admin, "old", engine.ImportPart{Kind: engine.ImportDocker, Size: 1, Body: bytes.NewReader([]byte("x"))})
		if e, ok := errors.AsType[*engine.Error](err); !ok || e.Class != engine.ClassConflict {
			t.Errorf("an upload to it gave %v", err)
		}
		waitFor(t, "removal of the document", func() bool {
			has, err := s.Blobs().Has(t.Context(), document)
			return err == nil && !has
		})
	})
}

// Without a reader of package lists imports are refused, in a sentence.
func TestImportsWithoutReader(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		op, err := f.Imports.Begin(t.Context(), admin)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Imports.Upload(t.Context(), admin, op.ID, engine.ImportPart{Kind: engine.ImportPackages, Size: 2, Body: bytes.NewReader([]byte("{}"))})
		if e, ok := errors.AsType[*engine.Error](err); !ok || e.Code != "not_supported" {
			t.Errorf("packages gave %v", err)
		}
	})
}

// A document may claim the layers of others: nothing of them is shown for that.
func TestImportedImageShowsNoLayersOfOthers(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		b := debianImage("3.0.1-1")
		b.Push(t, f.registry, "app", "1")
		real := f.add(t, "1")
		a, err := f.Content.Analyzed(t.Context(), admin, real.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if len(image.ChainIDs(a.Analysis.Layers)) == 0 {
			t.Fatal("the layers of an image that was read have no chain")
		}
		m, err := image.ParseManifest(b.Manifest(), "")
		if err != nil {
			t.Fatal(err)
		}
		c, err := image.ParseConfig(b.Config())
		if err != nil {
			t.Fatal(err)
		}
		claimed := importedBy(t, s, "team-b", *m, *c)
		_, err = f.Content.Files(t.Context(), "team-b", claimed.Digest)
		if e, ok := errors.AsType[*engine.Error](err); !ok || e.Code != "not_available" {
			t.Errorf("files of the imported image: %v", err)
		}
		if l := f.lineage(t, claimed); l.Base != nil {
			t.Errorf("its base is %+v", l.Base)
		}
	})
}

// importedBy keeps an image of a new account as an import leaves it.
func importedBy(t *testing.T, s *store.Store, account string, m image.Manifest, c image.Config) store.Image {
	t.Helper()
	a, err := analysis.Imported(m, c, &image.Analysis{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	document, err := s.Blobs().Put(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	img := store.Image{Account: account, Digest: m.Digest, ImageID: m.Config.Digest}
	err = s.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutAccount(t.Context(), store.Account{Name: account, Type: "user", State: "enabled"}); err != nil {
			return err
		}
		if err := tx.InsertImage(t.Context(), &img); err != nil {
			return err
		}
		row := store.Analysis{Document: document, ManifestDigest: m.Digest, ImageID: m.Config.Digest, Chains: store.ChainsOf(a.Layers)}
		if err := tx.PutAnalysis(t.Context(), &row, nil); err != nil {
			return err
		}
		img.Status, img.AnalysisID = store.Analyzed, row.ID
		if err := tx.UpdateImage(t.Context(), &img); err != nil {
			return err
		}
		return tx.SetAnalysis(t.Context(), img.ID, row.ID, img.CreatedAt)
	})
	if err != nil {
		t.Fatal(err)
	}
	return img
}
