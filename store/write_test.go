package store_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

func TestWriteIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		stop := errors.New("stop")
		err := b.Write(b.ctx, func(tx *store.Tx) error {
			if err := tx.PutSetting(b.ctx, "half", "written"); err != nil {
				return err
			}
			if v, err := tx.Setting(b.ctx, "half"); err != nil || v != "written" {
				t.Errorf("a transaction does not see its own change: %q, %v", v, err)
			}
			if v, err := b.Setting(b.ctx, "half"); err != nil || v != "" {
				t.Errorf("others see what is not committed: %q, %v", v, err)
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatalf("Write gave %v, want the error of its function", err)
		}
		if v := must(b.Setting(b.ctx, "half"))(t); v != "" {
			t.Errorf("a transaction that failed left %q behind", v)
		}
	})
}

// Analyses that hold the same packages in other orders are saved at once by many.
func TestConcurrentWritersAgree(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		var packages []advisory.Package
		for n := range 60 {
			packages = append(packages, pkg(fmt.Sprintf("p%02d", n), "1"))
		}
		var wg sync.WaitGroup
		ids := make([]map[string]int64, 6)
		for w := range ids {
			wg.Go(func() {
				mine := slices.Clone(packages)
				if w%2 == 1 {
					slices.Reverse(mine)
				}
				err := b.Write(b.ctx, func(tx *store.Tx) error {
					if _, err := tx.ShareRevision(b.ctx); err != nil {
						return err
					}
					rows, err := tx.UpsertPackages(b.ctx, mine, keysOf)
					if err != nil {
						return err
					}
					ids[w] = map[string]int64{}
					var matches []store.Match
					for _, r := range rows {
						ids[w][r.Name] = r.ID
						matches = append(matches, match(r.ID, "CVE-"+r.Name, advisory.High))
					}
					_, err = tx.PutPackageSet(b.ctx, digest("all"), idsOf(rows))
					return errors.Join(err, tx.InsertMatches(b.ctx, matches))
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for w := range ids {
			if len(ids[w]) != len(packages) || ids[w]["p07"] != ids[0]["p07"] {
				t.Errorf("writer %d has %d packages, p07 is %d; the first has %d", w, len(ids[w]), ids[w]["p07"], ids[0]["p07"])
			}
		}
		open := must(b.OpenMatches(b.ctx, []int64{ids[0]["p07"]}, 0))(t)
		if n := len(open[ids[0]["p07"]]); n != 1 {
			t.Errorf("%d matches on one package, want 1 from six equal writers", n)
		}
	})
}
