package engine

import "sync"

// kept keeps what never changes under its key, up to a limit of what the sizes add up to, twice over; what was not asked
// for while the limit was filled once is dropped. The zero value keeps nothing, nor does a nil one.
type kept[K comparable, V any] struct {
	limit      int
	mu         sync.Mutex
	size       int // of young
	young, old map[K]sized[V]
}

type sized[V any] struct {
	v    V
	size int
}

func newKept[K comparable, V any](limit int) *kept[K, V] { return &kept[K, V]{limit: limit} }

func (c *kept[K, V]) get(key K) (v V, ok bool) {
	if c == nil {
		return v, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.young[key]
	if !ok {
		if e, ok = c.old[key]; ok {
			c.put(key, e)
		}
	}
	return e.v, ok
}

func (c *kept[K, V]) add(key K, v V, size int) {
	if c == nil || size > c.limit {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(key, sized[V]{v, size})
}

func (c *kept[K, V]) put(key K, e sized[V]) {
	if c.young == nil || c.size+e.size > c.limit {
		c.young, c.old, c.size = map[K]sized[V]{}, c.young, 0
	}
	if _, twice := c.young[key]; !twice {
		c.size += e.size
	}
	c.young[key] = e
}
