package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/store"
)

func TestTagMovesAndComesBack(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		web := store.Tag{Registry: "r", Repository: "web", Tag: "1"}
		one, two := b.image("one", nil), b.image("two", nil)
		put := func(row int64, at time.Time) {
			tag := web
			tag.DetectedAt = at
			b.write(func(tx *store.Tx) error { return tx.PutTag(b.ctx, row, tag) })
		}
		check := func(what string, current store.Image, want ...store.Tag) {
			t.Helper()
			i, tag, err := b.CurrentTag(b.ctx, "a", "r", "web", "1")
			if err != nil || i.ID != current.ID || tag.Digest != current.Digest || !tag.Current {
				t.Errorf("%s: the tag is at image %d (%v), want %d", what, i.ID, err, current.ID)
			}
			if diff := cmp.Diff(want, must(b.TagHistory(b.ctx, "a", "r", "web", "1"))(t)); diff != "" {
				t.Errorf("%s: history (want -, have +):\n%s", what, diff)
			}
		}
		entry := func(i store.Image, at time.Time, current bool) store.Tag {
			return store.Tag{Registry: "r", Repository: "web", Tag: "1", Digest: i.Digest, DetectedAt: at, Current: current}
		}
		if _, _, err := b.CurrentTag(b.ctx, "a", "r", "web", "1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a tag never seen gave %v", err)
		}
		put(one.ID, time.Time{})
		b.clock.Advance(time.Hour)
		put(one.ID, time.Time{})
		check("seen again where it was", one, entry(one, day, true))
		put(two.ID, time.Time{})
		check("moved", two, entry(two, day.Add(time.Hour), true), entry(one, day, false))
		b.clock.Advance(time.Hour)
		put(one.ID, time.Time{})
		check("back", one, entry(one, day.Add(2*time.Hour), true), entry(two, day.Add(time.Hour), false))
		three := b.image("three", nil)
		put(three.ID, day.Add(30*time.Minute))
		check("placed in the past", one, entry(one, day.Add(2*time.Hour), true), entry(two, day.Add(time.Hour), false), entry(three, day.Add(30*time.Minute), false))
		if _, _, err := b.CurrentTag(b.ctx, "b", "r", "web", "1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another account sees the tag: %v", err)
		}
		if err := b.Write(b.ctx, func(tx *store.Tx) error { return tx.PutTag(b.ctx, 999_999, web) }); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a tag of an image that is not there gave %v", err)
		}
	})
}
