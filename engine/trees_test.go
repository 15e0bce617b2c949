package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func listingOf(n int) *listing {
	l := &listing{}
	for i := range n {
		l.listed = append(l.listed, image.File{Path: image.Path(fmt.Sprintf("f%06d", i)), Type: image.Regular})
	}
	return l
}

// Whoever asks for a tree while it is made waits for that one.
func TestTreesAreMadeOnce(t *testing.T) {
	t.Parallel()
	c := newTrees(1 << 20)
	var made atomic.Int32
	goOn := make(chan struct{})
	build := func(context.Context) (*listing, error) {
		made.Add(1)
		<-goOn
		return listingOf(3), nil
	}
	var wg sync.WaitGroup
	got := make([]*listing, 100)
	for i := range got {
		wg.Go(func() { got[i], _ = c.of(t.Context(), treeKey{1}, build) })
	}
	time.Sleep(10 * time.Millisecond)
	close(goOn)
	wg.Wait()
	for i := range got {
		if got[i] == nil || got[i] != got[0] {
			t.Fatalf("%d got another tree than 0", i)
		}
	}
	if again, err := c.of(t.Context(), treeKey{1}, build); err != nil || again != got[0] || made.Load() != 1 {
		t.Errorf("made %d times, %v", made.Load(), err)
	}
}

// A tree outlives the first who asked for it while another waits, and is given up when nobody does.
func TestTreesNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newTrees(1 << 20)
		goOn, given := make(chan struct{}), make(chan error, 2)
		build := func(ctx context.Context) (*listing, error) {
			select {
			case <-goOn:
				return listingOf(1), nil
			case <-ctx.Done():
				given <- ctx.Err()
				return nil, ctx.Err()
			}
		}
		first, cancelFirst := context.WithCancel(t.Context())
		second, cancelSecond := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		for _, ctx := range []context.Context{first, second} {
			go func() {
				_, err := c.of(ctx, treeKey{1}, build)
				ended <- err
			}()
			synctest.Wait()
		}
		cancelFirst()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the first: %v", err)
		}
		synctest.Wait()
		if len(given) > 0 {
			t.Error("it was given up while the second waited")
		}
		cancelSecond()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the second: %v", err)
		}
		if err := <-given; !errors.Is(err, context.Canceled) {
			t.Errorf("nobody waits: %v", err)
		}
		close(goOn)
		if tree, err := c.of(t.Context(), treeKey{1}, build); err != nil || len(tree.listed) != 1 {
			t.Errorf("asked for again: %v", err)
		}
	})
}

func TestTreesThatFail(t *testing.T) {
	t.Parallel()
	c := newTrees(1 << 20)
	broken := errors.New("broken")
	for name, build := range map[string]func(context.Context) (*listing, error){
		"error": func(context.Context) (*listing, error) { return nil, broken },
		"panic": func(context.Context) (*listing, error) { panic("broken") },
	} {
		if _, err := c.of(t.Context(), treeKey{1}, build); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if tree, err := c.of(t.Context(), treeKey{1}, func(context.Context) (*listing, error) { return listingOf(1), nil }); err != nil || tree == nil {
		t.Errorf("after failures: %v", err)
	}
}

// A tree that is too large to be kept is shared while somebody has it, and let go of then.
func TestLargeTrees(t *testing.T) {
	t.Parallel()
	c := newTrees(1000)
	made := 0
	build := func(context.Context) (*listing, error) {
		made++
		return listingOf(1000), nil
	}
	ask := func() *listing {
		tree, err := c.of(t.Context(), treeKey{1}, build)
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	tree := ask()
	runtime.GC()
	if ask() != tree || made != 1 {
		t.Errorf("made %d times while it was in use", made)
	}
	runtime.KeepAlive(tree)
	tree = nil
	for range 200 {
		runtime.GC()
		c.mu.Lock()
		n := len(c.inUse)
		c.mu.Unlock()
		if n == 0 {
			ask()
			if made != 2 {
				t.Errorf("made %d times", made)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("it is still known though nobody has it")
}

func TestImpliedDirectoriesAreInTheirPlace(t *testing.T) {
	t.Parallel()
	f := func(paths ...image.Path) (list []image.File) {
		for _, p := range paths {
			list = append(list, image.File{Path: p})
		}
		return list
	}
	l := &listing{listed: f("a/b", "a/c/d", "e"), implied: f("a", "a/c", "z")}
	if diff := cmp.Diff(f("a", "a/b", "a/c", "a/c/d", "e", "z"), l.all()); diff != "" {
		t.Error(diff)
	}
}
