package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// Pages of a list that many images are in make the whole list, whether they are asked for one after the other or apart, and
// an image that goes meanwhile takes no other with it.
func TestPagesOfManyHolders(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) { pagesOfManyHolders(t, newBench(t, d)) })
	}
}

func pagesOfManyHolders(t *testing.T, b *bench) {
	const images, limit = 3000, 700
	b.wide(images)
	for _, at := range []time.Time{day, {}} {
		ids := []int64{}
		for _, m := range must(b.MatchesOfVulns(b.ctx, []string{"CVE-ALL"}, 1))(t) {
			ids = append(ids, m.Package.ID)
		}
		page := func(limit, offset int) ([]image.Digest, int64) {
			t.Helper()
			list, total, err := b.Holders(b.ctx, store.HolderFilter{Account: "a", Packages: ids, At: at, Limit: limit, Offset: offset})
			if err != nil {
				t.Fatal(err)
			}
			digests := []image.Digest{}
			for _, h := range list {
				if len(h.Packages) != 1 || len(h.Tags) != 1 || h.Analysis == 0 {
					t.Fatalf("%s holds %d packages and has %d tags", h.Digest, len(h.Packages), len(h.Tags))
				}
				digests = append(digests, h.Digest)
			}
			return digests, total
		}
		whole, total := page(0, 0)
		if len(whole) != images || total != images {
			t.Fatalf("the whole list has %d, total %d", len(whole), total)
		}
		for _, apart := range []bool{false, true} {
			got := []image.Digest{}
			for offset := 0; offset < images; offset += limit {
				if apart {
					b.clock.Advance(time.Hour)
				}
				list, total := page(limit, offset)
				if got = append(got, list...); total != images {
					t.Errorf("at %d: total %d", offset, total)
				}
			}
			if diff := cmp.Diff(whole, got); diff != "" {
				t.Errorf("pages, apart %t (-want +got):\n%s", apart, diff)
			}
		}
		if !at.IsZero() {
			continue
		}
		first, _ := page(limit, 0)
		gone := must(b.Image(b.ctx, "a", first[10]))(t)
		b.write(func(tx *store.Tx) error { return tx.DeleteImage(b.ctx, gone.ID) })
		next, _ := page(limit, limit)
		if diff := cmp.Diff(whole[limit:2*limit], next); diff != "" {
			t.Errorf("the page after one that lost an image (-want +got):\n%s", diff)
		}
		b.clock.Advance(2 * time.Minute)
		if _, total := page(limit, limit); total != images-1 {
			t.Errorf("counted anew there are %d", total)
		}
		if list, total := page(limit, images+limit); len(list) > 0 || total != images-1 {
			t.Errorf("beyond the end: %d, total %d", len(list), total)
		}
	}
}
