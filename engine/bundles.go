package engine

import (
	"errors"
	"sync"

	"landwaiter.dev/image"
	"landwaiter.dev/policy"
)

// Bounds of the compiled bundles that are kept: how many, and how many bytes of memory together, as [policy.Bundle.Weight]
// has them. One that weighs more alone is compiled each time.
const (
	maxBundles      = 64
	maxBundleMemory = 64 << 20
)

// bundles keeps compiled bundles by the digest of their bytes, those that were asked for last. It is safe for concurrent use, as
// what it keeps is; a nil one keeps nothing.
type bundles struct {
	mu     sync.Mutex
	kept   map[image.Digest]*keptBundle
	weight int
	turn   int
}

type keptBundle struct {
	compile sync.Once
	bundle  *policy.Bundle
	err     error
	weight  int // 0 before it counts
	used    int
}

var errNotCompiled = errors.New("the bundle could not be compiled")

// load is [policy.Load] of a stored bundle. Who asks for one that is being compiled waits for that.
func (c *bundles) load(document []byte) (*policy.Bundle, error) {
	if c == nil {
		return policy.Load(document)
	}
	digest := image.DigestOf(document)
	k := c.entry(digest)
	k.compile.Do(func() {
		k.err = errNotCompiled // for those who wait, should it panic
		k.bundle, k.err = policy.Load(document)
	})
	c.settle(digest, k)
	return k.bundle, k.err
}

// entry is what is kept under a digest, or begins to be.
func (c *bundles) entry(digest image.Digest) *keptBundle {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.kept[digest]
	if k == nil {
		if c.kept == nil {
			c.kept = map[image.Digest]*keptBundle{}
		}
		k = &keptBundle{}
		c.kept[digest] = k
	}
	c.turn++
	k.used = c.turn
	return k
}

// settle counts what was compiled, and lets go of what was not asked for the longest while there is too much.
func (c *bundles) settle(digest image.Digest, k *keptBundle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept[digest] != k || k.weight > 0 {
		return
	}
	if k.err != nil || k.bundle.Weight() > maxBundleMemory {
		delete(c.kept, digest)
		return
	}
	k.weight = k.bundle.Weight()
	c.weight += k.weight
	for c.weight > maxBundleMemory || len(c.kept) > maxBundles {
		var oldest image.Digest
		for d, other := range c.kept {
			if other.weight > 0 && (oldest == "" || other.used < c.kept[oldest].used) {
				oldest = d
			}
		}
		if oldest == "" { // all others are being compiled
			return
		}
		c.weight -= c.kept[oldest].weight
		delete(c.kept, oldest)
	}
}
