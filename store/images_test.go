package store_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

func TestImageComesBackAsItWasKept(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("one", func(i *store.Image) {
			i.ParentDigest, i.Annotations, i.Dockerfile = digest("index"), map[string]string{"owner": "web", "ü": "\"quoted\""}, "FROM scratch\n"
			i.ManifestBlob = must(b.Blobs().Put(b.ctx, []byte("{}")))(t)
		})
		want := i
		want.Status, want.State, want.CreatedAt, want.UpdatedAt = store.NotAnalyzed, "active", day, day
		want.DockerfileDigest = digest("FROM scratch\n")
		for name, have := range map[string]store.Image{
			"by digest": must(b.Image(b.ctx, "a", i.Digest))(t),
			"by index":  must(b.Image(b.ctx, "a", i.ParentDigest))(t),
			"by id":     must(b.ImageByID(b.ctx, "a", i.ImageID))(t),
			"by record": must(b.ImageByRowID(b.ctx, i.ID))(t),
		} {
			want.UpdatedAt = have.UpdatedAt
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("%s (want -, have +):\n%s", name, diff)
			}
		}
		for _, account := range []string{"b", "nobody"} {
			if _, err := b.Image(b.ctx, account, i.Digest); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("account %q got the image of another: %v", account, err)
			}
		}
	})
}

func TestSameImageTwiceIsToldAndHarmless(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("one", nil)
		b.write(func(tx *store.Tx) error {
			again := store.Image{Account: "a", Digest: i.Digest}
			if err := tx.InsertImage(b.ctx, &again); !errors.Is(err, store.ErrExists) {
				t.Errorf("a second insert gave %v, want ErrExists", err)
			}
			other := store.Image{Account: "b", Digest: i.Digest}
			return tx.InsertImage(b.ctx, &other)
		})
		if n := must(b.CountImages(b.ctx, ""))(t)[store.NotAnalyzed]; n != 2 {
			t.Errorf("%d images, want one for each account", n)
		}
	})
}

// A digest is looked for as the image's own first; several images of one index give the newest.
func TestIndexDigestGivesNewest(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		index := digest("index")
		b.image("old", func(i *store.Image) { i.ParentDigest = index })
		young := b.image("young", func(i *store.Image) { i.ParentDigest, i.CreatedAt = index, day.Add(time.Hour) })
		if have := must(b.Image(b.ctx, "a", index))(t); have.ID != young.ID {
			t.Errorf("image %d, want the newest, %d", have.ID, young.ID)
		}
		own := b.image("own", func(i *store.Image) { i.Digest, i.CreatedAt = index, day.Add(-time.Hour) })
		if have := must(b.Image(b.ctx, "a", index))(t); have.ID != own.ID {
			t.Errorf("image %d, want the one whose own digest it is, %d", have.ID, own.ID)
		}
	})
}

func TestImagesNarrowsTheList(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		web := store.Tag{Registry: "r.example:5000", Repository: "team/web", Tag: "1"}
		old := b.image("old", nil)
		young := b.image("young", nil)
		dying := b.image("dying", func(i *store.Image) { i.State = "deleting" })
		b.image("other account", func(i *store.Image) { i.Account = "b" })
		b.write(func(tx *store.Tx) error {
			if err := tx.PutTag(b.ctx, old.ID, web); err != nil {
				return err
			}
			b.clock.Advance(time.Minute)
			return tx.PutTag(b.ctx, young.ID, web)
		})
		b.write(func(tx *store.Tx) error {
			_, err := tx.SetStatus(b.ctx, young.ID, nil, store.AnalysisFailed, "why", "code")
			return err
		})
		for name, c := range map[string]struct {
			f    store.ImageFilter
			want []int64
		}{
			"all":      {store.ImageFilter{}, []int64{old.ID, young.ID, dying.ID}},
			"active":   {store.ImageFilter{State: "active"}, []int64{old.ID, young.ID}},
			"failed":   {store.ImageFilter{Status: store.AnalysisFailed}, []int64{young.ID}},
			"tag":      {store.ImageFilter{Registry: web.Registry, Repository: web.Repository, Tag: web.Tag}, []int64{old.ID, young.ID}},
			"tag now":  {store.ImageFilter{Registry: web.Registry, Repository: web.Repository, Tag: web.Tag, Current: true}, []int64{young.ID}},
			"no tag":   {store.ImageFilter{Tag: "2"}, nil},
			"digest":   {store.ImageFilter{Digest: old.Digest}, []int64{old.ID}},
			"image id": {store.ImageFilter{ImageID: young.ImageID}, []int64{young.ID}},
			"page":     {store.ImageFilter{After: old.ID, Limit: 1}, []int64{young.ID}},
			"injected": {store.ImageFilter{Tag: "1' OR '1'='1"}, nil},
		} {
			var have []int64
			for _, i := range must(b.Images(b.ctx, "a", c.f))(t) {
				have = append(have, i.ID)
			}
			if diff := cmp.Diff(c.want, have); diff != "" {
				t.Errorf("%s (want -, have +):\n%s", name, diff)
			}
		}
		list := must(b.Images(b.ctx, "a", store.ImageFilter{}))(t)
		want := []store.Tag{{Registry: web.Registry, Repository: web.Repository, Tag: "1", Digest: old.Digest, DetectedAt: day}}
		if diff := cmp.Diff(want, list[0].Tags); diff != "" {
			t.Errorf("tags of the old image:\n%s", diff)
		}
	})
}

func TestStatusMovesOnlyFromWhereItStands(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("one", nil)
		var won atomic.Int64
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				var did bool
				err := b.Write(b.ctx, func(tx *store.Tx) (err error) {
					did, err = tx.SetStatus(b.ctx, i.ID, []store.AnalysisStatus{store.NotAnalyzed}, store.Analyzing, "", "")
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if did {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d of five began the analysis, want one", won.Load())
		}
		b.write(func(tx *store.Tx) error {
			did, err := tx.SetStatus(b.ctx, i.ID, []store.AnalysisStatus{store.Analyzing, store.NotAnalyzed}, store.AnalysisFailed, "no layers", "corrupt")
			if !did {
				t.Error("a running analysis could not fail")
			}
			return err
		})
		have := must(b.ImageByRowID(b.ctx, i.ID))(t)
		if have.Status != store.AnalysisFailed || have.Error != "no layers" || have.ErrorCode != "corrupt" {
			t.Errorf("status %q, %q, %q", have.Status, have.Error, have.ErrorCode)
		}
		if ids := must(b.ImagesInStatus(b.ctx, store.AnalysisFailed))(t); len(ids) != 1 || ids[0] != i.ID {
			t.Errorf("failed images %v", ids)
		}
	})
}

func TestDeletedImageLeavesNothingButEvaluations(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("one", func(i *store.Image) { i.Dockerfile = "FROM x" })
		b.analyse(&i, nil)
		b.write(func(tx *store.Tx) error {
			return errors.Join(
				tx.PutTag(b.ctx, i.ID, store.Tag{Registry: "r", Repository: "p", Tag: "t"}),
				tx.PutEvaluation(b.ctx, &store.Evaluation{Account: "a", ImageID: i.ID, ImageDigest: i.Digest, Tag: "r/p:t", PolicyID: "x", NextAt: day}))
		})
		b.write(func(tx *store.Tx) error { return tx.DeleteImage(b.ctx, i.ID) })
		if _, err := b.ImageByRowID(b.ctx, i.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the image is still there: %v", err)
		}
		if _, _, err := b.CurrentTag(b.ctx, "a", "r", "p", "t"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("its tag is still there: %v", err)
		}
		if list := must(b.Evaluations(b.ctx, "a", i.Digest, "r/p:t", ""))(t); len(list) != 1 {
			t.Errorf("%d evaluations, want the one that was made", len(list))
		}
		if due := must(b.DueEvaluations(b.ctx, day, 10))(t); len(due) != 0 {
			t.Errorf("an image that is gone is due for evaluation: %v", due)
		}
		err := b.Write(b.ctx, func(tx *store.Tx) error { return tx.DeleteImage(b.ctx, i.ID) })
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleting again gave %v", err)
		}
	})
}

func TestDockerfileInForce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("one", nil)
		at := func(h int) time.Time { return day.Add(time.Duration(h) * time.Hour) }
		for h, text := range []string{"FROM one", "FROM one", "FROM two", "", "FROM one"} {
			b.write(func(tx *store.Tx) error { return tx.SetDockerfile(b.ctx, i.ID, text, at(h)) })
		}
		for h, want := range map[int]string{-1: "", 0: "FROM one", 1: "FROM one", 2: "FROM two", 3: "", 4: "FROM one", 9: "FROM one"} {
			text, d, err := b.DockerfileAt(b.ctx, i.ID, at(h))
			if err != nil {
				t.Fatal(err)
			}
			wantDigest := image.Digest("")
			if want != "" {
				wantDigest = image.DigestOf([]byte(want))
			}
			if text != want || d != wantDigest {
				t.Errorf("hour %d: %q (%s), want %q", h, text, d, want)
			}
		}
		if have := must(b.ImageByRowID(b.ctx, i.ID))(t); have.Dockerfile != "FROM one" {
			t.Errorf("the image shows %q", have.Dockerfile)
		}
	})
}
