package store

import (
	"context"
	"sync"
)

// cachedLinks bounds the links from names to versions of records that are kept.
const cachedLinks = 500_000

// settled keeps what was read of one revision that is or was current: nothing of it changes any more. It forgets all when
// another revision is asked for, or when it is full. A nil one keeps nothing.
type settled struct {
	mu sync.Mutex
	// known is the highest revision that is known to have been current.
	known int64
	rev   int64
	// links are the versions of records by the hash of a name, in the order in which they are shown.
	links map[int64][]int64
	size  int
	kev   map[string]string
}

// is says whether a revision is or was current.
func (c *settled) is(ctx context.Context, q *Queries, rev int64) (bool, error) {
	if c == nil {
		return false, nil
	}
	c.mu.Lock()
	known := c.known
	c.mu.Unlock()
	if rev <= known {
		return true, nil
	}
	current, err := q.CurrentRevision(ctx)
	if err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = max(c.known, current.ID)
	return rev <= current.ID, nil
}

// turn makes rev the revision of which something is kept. The caller holds the lock.
func (c *settled) turn(rev int64) {
	if c.links == nil || c.rev != rev || c.size > cachedLinks {
		c.rev, c.links, c.size, c.kev = rev, map[int64][]int64{}, 0, nil
	}
}

// versions returns the versions that are kept of names, and which names are missing.
func (c *settled) versions(rev int64, names []int64) (map[int64][]int64, []int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(rev)
	found := make(map[int64][]int64, len(names))
	var missing []int64
	for _, name := range names {
		if list, ok := c.links[name]; ok {
			found[name] = list
		} else {
			missing = append(missing, name)
		}
	}
	return found, missing
}

// add keeps what was found of names, also that there is nothing.
func (c *settled) add(rev int64, names []int64, found map[int64][]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rev != rev {
		return
	}
	for _, name := range names {
		c.links[name] = found[name]
		c.size += 1 + len(found[name])
	}
}

// catalogue returns the exploited vulnerabilities of a revision, or nil, or with m keeps them.
func (c *settled) catalogue(rev int64, m map[string]string) map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(rev)
	if m != nil {
		c.kev = m
	}
	return c.kev
}
