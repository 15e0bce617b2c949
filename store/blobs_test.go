package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

func TestBlobs(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		blobs := b.Blobs()
		for name, want := range map[string][]byte{"empty": {}, "text": []byte("ü"), "large": bytes.Repeat([]byte{0, 1, 2, 255}, 1<<18)} {
			var wg sync.WaitGroup
			for range 4 { // several at once put the same bytes
				wg.Go(func() {
					if d, err := blobs.Put(b.ctx, want); err != nil || d != image.DigestOf(want) {
						t.Errorf("%s: Put gave %s, %v", name, d, err)
					}
				})
			}
			wg.Wait()
			d := image.DigestOf(want)
			if have := must(blobs.Get(b.ctx, d))(t); !bytes.Equal(have, want) {
				t.Errorf("%s: other bytes came back", name)
			}
			if !must(blobs.Has(b.ctx, d))(t) {
				t.Errorf("%s: Has says no", name)
			}
			for range 2 {
				if err := blobs.Delete(b.ctx, d); err != nil {
					t.Errorf("%s: Delete gave %v", name, err)
				}
			}
			if _, err := blobs.Get(b.ctx, d); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: after Delete, Get gave %v", name, err)
			}
			if must(blobs.Has(b.ctx, d))(t) {
				t.Errorf("%s: after Delete, Has says yes", name)
			}
		}
		gone, cancel := context.WithCancel(b.ctx)
		cancel()
		if _, err := blobs.Put(gone, []byte("x")); !errors.Is(err, context.Canceled) {
			t.Errorf("Put with a cancelled context gave %v", err)
		}
	})
}

func TestBlobsOnDiskRefuseWhatIsNoDigest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := must(store.NewDirBlobs(filepath.Join(dir, "blobs")))(t)
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, d := range []image.Digest{"", "sha256:", "sha256:../../secret", "../secret", image.Digest("sha256:" + strings.Repeat("A", 64)), "md5:00"} {
		ctx := context.Background()
		if _, err := b.Get(ctx, d); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get of %q gave %v", d, err)
		}
		if err := b.Delete(ctx, d); err == nil {
			t.Errorf("Delete of %q was accepted", d)
		}
	}
}

func TestDamagedBlobIsNotHandedOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx := context.Background()
	b := must(store.NewDirBlobs(dir))(t)
	one, two := must(b.Put(ctx, []byte("one")))(t), must(b.Put(ctx, []byte("two")))(t)
	path := func(d image.Digest) string { return filepath.Join(dir, d.Hex()[:2], d.Hex()) }
	other := must(os.ReadFile(path(two)))(t)
	for name, content := range map[string][]byte{"another blob": other, "empty": {}, "cut": other[:len(other)-1], "noise": []byte("noise")} {
		if err := os.WriteFile(path(one), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if have, err := b.Get(ctx, one); err == nil || have != nil {
			t.Errorf("%s: Get gave %q, %v", name, have, err)
		}
	}
}
