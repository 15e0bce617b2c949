package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"weak"

	"golang.org/x/sync/semaphore"

	"landwaiter.dev/analysis"
	"landwaiter.dev/image"
)

// keptTrees bounds the bytes of file trees that are kept, twice over.
const keptTrees = 64 << 20

// listing has the files of an image. It is shared and does not change.
type listing struct {
	// listed are the files that a layer lists, as gates see them, by path; implied are the directories that none does.
	listed, implied []image.File
}

func newListing(t *analysis.Tree) *listing {
	l := &listing{listed: t.Listed()}
	files := t.Files()
	if len(l.listed) == len(files) {
		return l
	}
	for i := range files {
		if t.Implied(files[i].Path) {
			l.implied = append(l.implied, files[i])
		}
	}
	return l
}

// all are the files with the implied directories, by path.
func (l *listing) all() []image.File {
	if len(l.implied) == 0 {
		return l.listed
	}
	all := make([]image.File, 0, len(l.listed)+len(l.implied))
	rest := l.implied
	for i := range l.listed {
		for len(rest) > 0 && rest[0].Path < l.listed[i].Path {
			all, rest = append(all, rest[0]), rest[1:]
		}
		all = append(all, l.listed[i])
	}
	return append(all, rest...)
}

// size estimates the bytes of memory.
func (l *listing) size() int {
	const allocations = 48 // what the texts of a file take besides their letters
	n := (len(l.listed) + len(l.implied)) * (int(reflect.TypeFor[image.File]().Size()) + allocations)
	for _, list := range [][]image.File{l.listed, l.implied} {
		for i := range list {
			f := &list[i]
			n += len(f.Path) + len(f.Link) + len(f.SHA256) + len(f.MD5) + len(f.SHA1)
			for _, x := range f.Xattrs {
				n += len(x) + 24
			}
		}
	}
	return n
}

// treeKey names all that a file tree depends on.
type treeKey [sha256.Size]byte

// keyOfTree is the same for images of the same layers.
func keyOfTree(a *image.Analysis) treeKey {
	h := sha256.New()
	for i := range a.Layers {
		fmt.Fprintf(h, "%s %s\n", a.Layers[i].Blob, a.Layers[i].DiffID)
	}
	return treeKey(h.Sum(nil))
}

// trees shares the file trees of images: one is made once, whoever asks for it meanwhile, those asked for lately are kept, and
// one that is not, since it is large, is found as long as somebody has it. A nil one shares nothing.
type trees struct {
	kept *kept[treeKey, *listing]
	// builders bounds how many are made at once, those included that nobody waits for any more.
	builders *semaphore.Weighted

	mu    sync.Mutex
	under map[treeKey]*treeUnderWay
	inUse map[treeKey]weak.Pointer[listing]
}

// treeUnderWay is a tree that is being made. waiting counts who waits for it; when nobody does, it is given up.
type treeUnderWay struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	tree    *listing
	err     error
}

func newTrees(limit int) *trees {
	return &trees{
		kept: newKept[treeKey, *listing](limit), builders: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))),
		under: map[treeKey]*treeUnderWay{}, inUse: map[treeKey]weak.Pointer[listing]{},
	}
}

// of gives the tree with the key, which build makes if need be.
func (c *trees) of(ctx context.Context, key treeKey, build func(context.Context) (*listing, error)) (*listing, error) {
	if c == nil {
		return build(ctx)
	}
	w, tree := c.join(ctx, key, build)
	if tree != nil {
		return tree, nil
	}
	defer c.leave(key, w)
	select {
	case <-w.done:
		return w.tree, w.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// join finds a tree, or begins to wait for one.
func (c *trees) join(ctx context.Context, key treeKey, build func(context.Context) (*listing, error)) (*treeUnderWay, *listing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if tree, known := c.kept.get(key); known {
		return nil, tree
	}
	if tree := c.inUse[key].Value(); tree != nil {
		return nil, tree
	}
	w := c.under[key]
	if w == nil {
		// It must not end with the first who asked while others wait.
		running, cancel := context.WithCancel(context.WithoutCancel(ctx))
		w = &treeUnderWay{done: make(chan struct{}), cancel: cancel}
		c.under[key] = w
		go c.build(running, key, w, build)
	}
	w.waiting++
	return w, nil
}

func (c *trees) leave(key treeKey, w *treeUnderWay) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.waiting--; w.waiting > 0 {
		return
	}
	w.cancel()
	if c.under[key] == w {
		delete(c.under, key)
	}
}

func (c *trees) build(ctx context.Context, key treeKey, w *treeUnderWay, build func(context.Context) (*listing, error)) {
	defer func() {
		if p := recover(); p != nil {
			w.tree, w.err = nil, fmt.Errorf("making the file tree failed: %v", p)
		}
		c.settle(key, w)
		close(w.done)
	}()
	if w.err = c.builders.Acquire(ctx, 1); w.err != nil {
		return
	}
	defer c.builders.Release(1)
	w.tree, w.err = build(ctx)
}

// settle lets others find what was made.
func (c *trees) settle(key treeKey, w *treeUnderWay) {
	size := 0
	if w.err == nil {
		size = w.tree.size()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.under[key] == w {
		delete(c.under, key)
	}
	if w.err != nil {
		return
	}
	c.kept.add(key, w.tree, size)
	c.inUse[key] = weak.Make(w.tree)
	runtime.AddCleanup(w.tree, c.gone, key)
}

// gone forgets a tree that nobody has any more, unless it was made again meanwhile.
func (c *trees) gone(key treeKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inUse[key].Value() == nil {
		delete(c.inUse, key)
	}
}
