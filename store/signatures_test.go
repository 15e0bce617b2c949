package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

func TestSignaturesAtATime(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		start := b.clock.Now()
		d := digest("image", 1)
		account := b.image("one", nil).Account
		put := func(document string, want bool) {
			t.Helper()
			b.write(func(tx *store.Tx) error {
				changed, err := tx.PutSignatures(b.ctx, account, d, document)
				if err == nil && changed != want {
					t.Errorf("%q: changed %v", document, changed)
				}
				return err
			})
		}
		put(`{"a":1}`, true)
		b.clock.Advance(time.Hour)
		put(`{"a":1}`, false)
		put(`{"a":2}`, true)
		put(`{"a":3}`, true) // at the same moment: the last word counts
		b.clock.Advance(time.Hour)
		put("", true)
		got := map[string]string{}
		for what, at := range map[string]time.Time{"before": start.Add(-time.Minute), "first": start, "second": start.Add(90 * time.Minute), "third": start.Add(3 * time.Hour), "now": {}} {
			got[what] = must(b.SignaturesAt(b.ctx, account, d, at))(t)
		}
		if diff := cmp.Diff(map[string]string{"before": "", "first": `{"a":1}`, "second": `{"a":3}`, "third": "", "now": ""}, got); diff != "" {
			t.Error(diff)
		}
		if got := must(b.SignaturesAt(b.ctx, "another", d, start))(t); got != "" {
			t.Errorf("of another account: %s", got)
		}
		other := digest("image", 2)
		for _, target := range []image.Digest{d, other} {
			b.write(func(tx *store.Tx) error {
				_, err := tx.PutSignatures(b.ctx, account, target, `{"b":1}`)
				return err
			})
		}
		want := []store.KeptSignatures{{Account: account, Target: min(d, other), Document: `{"b":1}`}, {Account: account, Target: max(d, other), Document: `{"b":1}`}}
		list := must(b.SignaturesInForce(b.ctx, store.KeptSignatures{}, 1))(t)
		list = append(list, must(b.SignaturesInForce(b.ctx, list[0], 10))(t)...)
		if diff := cmp.Diff(want, list); diff != "" {
			t.Errorf("in force (-want +got):\n%s", diff)
		}
	})
}
