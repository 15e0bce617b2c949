package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// stack is a list of layers, one for each letter.
func stack(letters string) []image.Layer {
	var layers []image.Layer
	for _, l := range letters {
		layers = append(layers, image.Layer{LayerID: image.LayerID{Blob: digest("blob", l), DiffID: digest("diff", l)}})
	}
	return layers
}

// built inserts an analysed image with these layers.
func (b *bench) built(account, name, letters string) store.Image {
	b.t.Helper()
	i := b.image(name, func(i *store.Image) { i.Account = account })
	b.analysedAs(&i, store.ChainsOf(stack(letters)), len(letters))
	return i
}

func (b *bench) analysedAs(i *store.Image, c store.Chains, layers int) store.Analysis {
	b.t.Helper()
	a := store.Analysis{ManifestDigest: i.Digest, ImageID: i.ImageID, Chains: c}
	a.Document = must(b.Blobs().Put(b.ctx, fmt.Appendf(nil, "analysis of %s", i.Digest)))(b.t)
	b.write(func(tx *store.Tx) error {
		if err := tx.PutAnalysis(b.ctx, &a, nil); err != nil {
			return err
		}
		if err := tx.SetAnalysis(b.ctx, i.ID, a.ID, time.Time{}); err != nil {
			return err
		}
		i.Status, i.AnalysisID, i.LayerCount = store.Analyzed, a.ID, layers
		return tx.UpdateImage(b.ctx, i)
	})
	return a
}

// base is the name of the base of an image, "" when there is none.
func (b *bench) base(account, letters string) image.Digest {
	b.t.Helper()
	i, err := b.BaseOf(b.ctx, account, store.ChainsOf(stack(letters)).Prefixes, time.Time{})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		b.t.Fatal(err)
	}
	return i.Digest
}

func TestBaseIsTheLongestProperPrefix(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		os, runtime := b.built("a", "os", "A"), b.built("a", "runtime", "AB")
		b.built("a", "twin", "ABC")
		b.built("b", "foreign", "ABCD")
		gone := b.built("a", "gone", "ABCDE")
		b.write(func(tx *store.Tx) error { return tx.SetState(b.ctx, gone.ID, "deleting") })
		failed := b.built("a", "failed", "ABCDEF")
		b.write(func(tx *store.Tx) error {
			_, err := tx.SetStatus(b.ctx, failed.ID, nil, store.AnalysisFailed, "broken", "corrupt")
			return err
		})
		b.built("a", "other", "BA")
		for letters, want := range map[string]image.Digest{
			"ABC": runtime.Digest, // its twin has all of the layers: no base
			"AB":  os.Digest,
			"A":   "",
			"":    "",
			"AX":  os.Digest,
			"XA":  "",
			"BX":  "", // BA is no prefix of it
		} {
			if got := b.base("a", letters); got != want {
				t.Errorf("the base of %s is %q, want %q", letters, got, want)
			}
		}
		if got := b.base("a", "ABCDEFG"); got != digest("image", "twin") {
			t.Errorf("the base of ABCDEFG is %q: what is being deleted, failed or another account's is none", got)
		}
		if got := b.base("b", "ABC"); got != "" {
			t.Errorf("account b sees the base %q of account a", got)
		}
		// Deleting a base reveals the next one; it comes back when it is added again.
		b.write(func(tx *store.Tx) error { return tx.DeleteImage(b.ctx, runtime.ID) })
		if got := b.base("a", "ABC"); got != os.Digest {
			t.Errorf("after the base was deleted it is %q, want %q", got, os.Digest)
		}
	})
}

// Of several images with the same layers the first one is the base: the others were made of it.
func TestBaseOfEqualLayersIsTheFirst(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		one := b.built("a", "one", "A")
		b.clock.Advance(time.Hour)
		b.built("a", "two", "A")
		if got := b.base("a", "AB"); got != one.Digest {
			t.Errorf("the base is %q, want the older of the two", got)
		}
	})
}

// Whatever images there are, the base is what a look at all of them says.
func TestBaseAgreesWithALookAtAll(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		r := rand.New(rand.NewPCG(1, 2))
		random := func() string {
			var s strings.Builder
			for range r.IntN(6) {
				s.WriteByte("AB"[r.IntN(2)])
			}
			return s.String()
		}
		type known struct {
			store.Image
			letters string
		}
		var all []known
		for n := range 40 {
			letters, account := random(), string("ab"[r.IntN(2)])
			all = append(all, known{b.built(account, fmt.Sprint(n), letters), letters})
			if gone := r.IntN(len(all)); n%4 == 3 {
				b.write(func(tx *store.Tx) error { return tx.DeleteImage(b.ctx, all[gone].ID) })
				all = append(all[:gone], all[gone+1:]...)
			}
			account, letters = string("ab"[r.IntN(2)]), random()
			var want image.Digest
			longest := 0
			for _, k := range all { // in the order in which they came
				n := len(k.letters)
				if k.Account == account && n > longest && n < len(letters) && strings.HasPrefix(letters, k.letters) {
					want, longest = k.Digest, n
				}
			}
			if got := b.base(account, letters); got != want {
				t.Fatalf("round %d: the base of %q in account %s is %q, want %q", n, letters, account, got, want)
			}
		}
	})
}

// What was analysed before chains were kept is found and mended; what was not read is never a base.
func TestChainsAreComputedLater(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		old, imported := b.image("old", nil), b.image("imported", nil)
		row := b.analysedAs(&old, store.Chains{}, 1)
		b.analysedAs(&imported, store.ChainsOf([]image.Layer{{LayerID: image.LayerID{Blob: digest("blob", 'A')}}}), 1)
		if got := b.base("a", "AB"); got != "" {
			t.Fatalf("the base is %q before its chain is known", got)
		}
		waiting := must(b.AnalysesWithoutChains(b.ctx, 0, 10))(t)
		if len(waiting) != 1 || waiting[0].ID != row.ID {
			t.Fatalf("%v wait for their chains, want analysis %d", waiting, row.ID)
		}
		c := store.ChainsOf(stack("A"))
		b.write(func(tx *store.Tx) error { return tx.SetChains(b.ctx, row.ID, c) })
		if got := b.base("a", "AB"); got != old.Digest {
			t.Errorf("the base is %q, want %q", got, old.Digest)
		}
		if left := must(b.AnalysesWithoutChains(b.ctx, 0, 10))(t); len(left) > 0 {
			t.Errorf("%v wait still", left)
		}
	})
}

func TestAnalysisKeepsChainsAndClaim(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		a := store.Analysis{Document: must(b.Blobs().Put(b.ctx, []byte("{}")))(t), Chains: store.ChainsOf(stack("ABC")),
			Declared: image.BaseImage{Name: "debian:12", Digest: digest("debian")}}
		want := a
		b.write(func(tx *store.Tx) error { return tx.PutAnalysis(b.ctx, &a, nil) })
		have := must(b.AnalysisByID(b.ctx, a.ID))(t)
		if diff := cmp.Diff(want.Chains, have.Chains); diff != "" {
			t.Errorf("chains (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want.Declared, have.Declared); diff != "" {
			t.Errorf("claim (-want +got):\n%s", diff)
		}
		if len(have.Chains.Prefixes) != 2 {
			t.Errorf("%d prefixes of three layers, want two", len(have.Chains.Prefixes))
		}
	})
}
