package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

func TestPolicyVersionsAndActivations(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		put := func(id, document string) (changed bool) {
			t.Helper()
			b.write(func(tx *store.Tx) (err error) {
				changed, err = tx.PutPolicy(b.ctx, store.Policy{Account: "a", ID: id, Name: "N " + id, Source: "local", Document: []byte(document)})
				return err
			})
			return changed
		}
		activate := func(id string) {
			t.Helper()
			b.write(func(tx *store.Tx) error { return tx.ActivatePolicy(b.ctx, "a", id, time.Time{}) })
		}
		hour := func() { b.clock.Advance(time.Hour) }
		if _, err := b.ActivePolicy(b.ctx, "a"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no policy is active, yet %v", err)
		}
		put("one", `{"id":"one","v":1}`) // hour 0
		hour()
		activate("one") // 1
		hour()
		if !put("one", `{"id":"one","v":2}`) || put("one", `{"id":"one","v":2}`) { // 2
			t.Error("only the first of two equal documents is a change")
		}
		put("two", `{"id":"two"}`)
		hour()
		activate("two") // 3
		activate("two")

		for h, want := range []string{"", `{"id":"one","v":1}`, `{"id":"one","v":2}`, `{"id":"two"}`, `{"id":"two"}`} {
			v, err := b.ActivePolicyAt(b.ctx, "a", day.Add(time.Duration(h)*time.Hour))
			if want == "" && !errors.Is(err, store.ErrNotFound) || want != "" && (err != nil || string(v.Document) != want) {
				t.Errorf("hour %d: %s (%v), want %s", h, v.Document, err, want)
			}
		}
		v := must(b.PolicyAt(b.ctx, "a", "one", day))(t)
		want := store.PolicyVersion{PolicyID: "one", Digest: image.DigestOf([]byte(`{"id":"one","v":1}`)), Document: []byte(`{"id":"one","v":1}`),
			From: day, To: day.Add(2 * time.Hour)}
		if diff := cmp.Diff(want, v); diff != "" {
			t.Error(diff)
		}
		have := must(b.Policies(b.ctx, "a"))(t)
		if len(have) != 2 || have[0].Active || !have[1].Active || string(have[0].Document) != `{"id":"one","v":2}` || have[0].CreatedAt != day {
			t.Errorf("policies %+v", have)
		}
		if diff := cmp.Diff(have[1], must(b.ActivePolicy(b.ctx, "a"))(t)); diff != "" {
			t.Error(diff)
		}
		if list := must(b.Policies(b.ctx, "b"))(t); len(list) != 0 {
			t.Errorf("another account has %d policies", len(list))
		}

		deletion := func(id string) error {
			return b.Write(b.ctx, func(tx *store.Tx) error { return tx.DeletePolicy(b.ctx, "a", id) })
		}
		if err := deletion("two"); !errors.Is(err, store.ErrConflict) {
			t.Errorf("deleting the active policy gave %v", err)
		}
		if err := deletion("one"); err != nil {
			t.Fatal(err)
		}
		if err := deletion("one"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleting again gave %v", err)
		}
		if v := must(b.PolicyByDigest(b.ctx, "a", want.Digest))(t); v.PolicyID != "one" {
			t.Error("what was once judged by a deleted policy has lost it")
		}
		put("one", `{"id":"one","v":3}`)
		if p := must(b.Policy(b.ctx, "a", "one"))(t); p.Active {
			t.Error("a policy came back active")
		}
		versions := must(b.PolicyVersions(b.ctx, "a", "one"))(t)
		if len(versions) != 3 || versions[0].Document != nil || !versions[2].To.IsZero() {
			t.Errorf("versions %+v", versions)
		}
		for i, v := range versions {
			v.Document = []byte(fmt.Sprintf(`{"id":"one","v":%d}`, i+1))
			if diff := cmp.Diff(v, must(b.PolicyVersion(b.ctx, "a", "one", i+1))(t)); diff != "" {
				t.Error(diff)
			}
		}
		for _, n := range []int{-1, 0, 4} {
			if _, err := b.PolicyVersion(b.ctx, "a", "one", n); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("version %d: %v", n, err)
			}
		}
	})
}
