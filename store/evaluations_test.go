package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

func TestEvaluationsNewestAndDue(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("one", nil)
		b.analyse(&i, nil)
		b.write(func(tx *store.Tx) error {
			for _, id := range []string{"p", "q"} {
				if _, err := tx.PutPolicy(b.ctx, store.Policy{Account: "a", ID: id, Document: []byte(`{}`)}); err != nil {
					return err
				}
			}
			return errors.Join(tx.ActivatePolicy(b.ctx, "a", "p", time.Time{}),
				tx.PutTag(b.ctx, i.ID, store.Tag{Registry: "r", Repository: "w", Tag: "1", Current: true}))
		})
		put := func(policy, tag string, next time.Time) store.Evaluation {
			b.clock.Advance(time.Minute)
			e := store.Evaluation{Account: "a", ImageID: i.ID, ImageDigest: i.Digest, Tag: tag, PolicyID: policy, BundleDigest: digest("bundle"),
				AnalysisID: i.AnalysisID, DockerfileDigest: digest("d"), FeedRevision: 3, FinalAction: "stop", FinalReason: "policy_evaluation",
				Reason: "analysis", NextAt: next, Reproducible: true}
			b.write(func(tx *store.Tx) error { return tx.PutEvaluation(b.ctx, &e) })
			return e
		}
		soon, later := day.Add(time.Hour), day.Add(48*time.Hour)
		first := put("p", "r/w:1", soon)
		second := put("p", "r/w:1", later)
		other := put("q", "r/w:1", soon)
		tagged := put("p", "r/w:2", soon)

		if diff := cmp.Diff([]store.Evaluation{second, first}, must(b.Evaluations(b.ctx, "a", i.Digest, "r/w:1", "p"))(t)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]store.Evaluation{other, second, first}, must(b.Evaluations(b.ctx, "a", i.Digest, "r/w:1", ""))(t)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(tagged, must(b.LastEvaluation(b.ctx, "a", i.Digest, "r/w:2", ""))(t)); diff != "" {
			t.Error(diff)
		}
		if list := must(b.Evaluations(b.ctx, "b", i.Digest, "r/w:1", ""))(t); len(list) != 0 {
			t.Errorf("another account sees %d evaluations", len(list))
		}
		for at, want := range map[time.Time][]store.Evaluation{
			soon.Add(-time.Second): nil,
			soon:                   nil, // the first is no longer the newest, the policy of the third not active, the tag of the fourth none of the image's
			later:                  {second},
		} {
			if diff := cmp.Diff(want, must(b.DueEvaluations(b.ctx, at, 10))(t)); diff != "" {
				t.Errorf("due at %s:\n%s", at, diff)
			}
		}
		b.write(func(tx *store.Tx) error { return tx.ActivatePolicy(b.ctx, "a", "q", time.Time{}) })
		if diff := cmp.Diff([]store.Evaluation{other}, must(b.DueEvaluations(b.ctx, later, 1))(t)); diff != "" {
			t.Error(diff)
		}
	})
}

// Old documents go, headers stay, and a document that a younger verdict shows stays too.
func TestRetentionTakesDocumentsAlone(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		shared := must(b.Blobs().Put(b.ctx, []byte("shared")))(t)
		alone := must(b.Blobs().Put(b.ctx, []byte("alone")))(t)
		for n, result := range []image.Digest{shared, alone, alone, shared} {
			b.write(func(tx *store.Tx) error {
				return tx.PutEvaluation(b.ctx, &store.Evaluation{Account: "a", ImageDigest: digest("i"), Tag: "t", PolicyID: "p",
					Result: result, EvaluatedAt: day.AddDate(0, 0, n)})
			})
		}
		var gone []image.Digest
		var took []int64
		for {
			var n int64
			var part []image.Digest
			b.write(func(tx *store.Tx) (err error) {
				part, n, err = tx.DeleteEvaluationRows(b.ctx, day.AddDate(0, 0, 3), 2)
				return err
			})
			took, gone = append(took, n), append(gone, part...)
			if n == 0 {
				break
			}
		}
		if diff := cmp.Diff([]int64{2, 1, 0}, took); diff != "" {
			t.Errorf("verdicts cleared at a time:\n%s", diff)
		}
		if diff := cmp.Diff([]image.Digest{alone}, gone); diff != "" {
			t.Errorf("documents to remove:\n%s", diff)
		}
		var flags []bool
		for _, e := range must(b.Evaluations(b.ctx, "a", digest("i"), "t", ""))(t) {
			flags = append(flags, e.RowsGone)
		}
		if diff := cmp.Diff([]bool{false, true, true, true}, flags); diff != "" {
			t.Error(diff)
		}
	})
}

// However many nodes evaluate an image at once, one verdict is the newest.
func TestEvaluationsAtOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		i := b.image("one", nil)
		b.analyse(&i, nil)
		var group errgroup.Group
		for range 12 {
			group.Go(func() error {
				return b.Write(b.ctx, func(tx *store.Tx) error {
					return tx.PutEvaluation(b.ctx, &store.Evaluation{
						Account: "a", ImageID: i.ID, ImageDigest: i.Digest, Tag: "r/w:1", PolicyID: "p", BundleDigest: digest("bundle"), AnalysisID: i.AnalysisID,
						DockerfileDigest: digest("d"), FinalAction: "go", FinalReason: "policy_evaluation", Reason: "analysis", Reproducible: true,
					})
				})
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		b.sound()
	})
}

func TestEvaluationsAreListedByWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		var ids []int64
		for n, e := range []store.Evaluation{
			{Tag: "r/w:1", PolicyID: "p", BundleDigest: digest("one"), FinalAction: "go"},
			{Tag: "r/w:1", PolicyID: "p", BundleDigest: digest("two"), FinalAction: "stop", Facts: `{"a":1}`, AnalysisDigest: digest("analysis"), Waits: []string{"Debian:12", "Red Hat"}},
			{Tag: "r/w:2", PolicyID: "p", BundleDigest: digest("two"), FinalAction: "stop"},
			{Tag: "r/w:1", PolicyID: "q", BundleDigest: digest("three"), FinalAction: "warn", ImageDigest: digest("other")},
			{Tag: "r/w:1", PolicyID: "p", BundleDigest: digest("two"), FinalAction: "stop", Account: "b"},
		} {
			if e.Account == "" {
				e.Account = "a"
			}
			if e.ImageDigest == "" {
				e.ImageDigest = digest("i")
			}
			e.EvaluatedAt = day.AddDate(0, 0, n)
			b.write(func(tx *store.Tx) error { return tx.PutEvaluation(b.ctx, &e) })
			ids = append(ids, e.ID)
			if e.Facts != "" {
				if diff := cmp.Diff(e, must(b.EvaluationByID(b.ctx, "a", e.ID))(t)); diff != "" {
					t.Error(diff)
				}
			}
		}
		if _, err := b.EvaluationByID(b.ctx, "a", ids[4]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an account reads another's: %v", err)
		}
		for name, c := range map[string]struct {
			filter store.EvaluationFilter
			want   []int
		}{
			"all":    {store.EvaluationFilter{}, []int{3, 2, 1, 0}},
			"image":  {store.EvaluationFilter{Image: digest("i")}, []int{2, 1, 0}},
			"tag":    {store.EvaluationFilter{Tag: "r/w:1"}, []int{3, 1, 0}},
			"policy": {store.EvaluationFilter{Policy: "p"}, []int{2, 1, 0}},
			"bundle": {store.EvaluationFilter{Bundle: digest("two")}, []int{2, 1}},
			"action": {store.EvaluationFilter{Action: "stop"}, []int{2, 1}},
			"time":   {store.EvaluationFilter{Since: day.AddDate(0, 0, 1), Until: day.AddDate(0, 0, 2)}, []int{2, 1}},
			"latest": {store.EvaluationFilter{Latest: true}, []int{3, 2, 1}},
			"page":   {store.EvaluationFilter{Limit: 2, Before: ids[3]}, []int{2, 1}},
		} {
			got := []int{}
			for _, e := range must(b.EvaluationList(b.ctx, "a", c.filter))(t) {
				for n, id := range ids {
					if id == e.ID {
						got = append(got, n)
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s:\n%s", name, diff)
			}
		}
	})
}
