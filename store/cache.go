package store

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"landwaiter.dev/advisory"
)

// How much of what is decoded is kept, in bytes of the documents, twice over. In memory it is a few times that.
const (
	cachedFindings = 12 << 20
	cachedRecords  = 24 << 20
)

// caches keep what was decoded; the zero value keeps nothing.
type caches struct {
	findings *cache[advisory.Finding]
	records  *cache[advisory.Record]
	settled  *settled
	pages    *pages
}

func newCaches() caches {
	return caches{newCache[advisory.Finding](cachedFindings), newCache[advisory.Record](cachedRecords), &settled{}, &pages{}}
}

// cache keeps decoded documents by number. A document never changes under its number, nor is a number given twice, so
// nothing is ever stale. A nil cache keeps nothing. What was not asked for while the limit was filled once is dropped.
type cache[T any] struct {
	limit      int
	mu         sync.Mutex
	size       int // of young
	young, old map[int64]entry[T]
}

type entry[T any] struct {
	v    *T
	size int
}

func newCache[T any](limit int) *cache[T] {
	return &cache[T]{limit: limit, young: map[int64]entry[T]{}}
}

// get returns what is kept of ids, and which of them are missing.
func (c *cache[T]) get(ids []int64) (map[int64]*T, []int64) {
	have := make(map[int64]*T, len(ids))
	if c == nil {
		return have, ids
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var missing []int64
	for _, id := range ids {
		e, ok := c.young[id]
		if !ok {
			if e, ok = c.old[id]; ok {
				c.put(id, e)
			}
		}
		if ok {
			have[id] = e.v
		} else {
			missing = append(missing, id)
		}
	}
	return have, missing
}

func (c *cache[T]) add(id int64, v *T, size int) {
	if c == nil || size > c.limit {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(id, entry[T]{v, size})
}

func (c *cache[T]) put(id int64, e entry[T]) {
	if c.size+e.size > c.limit {
		c.young, c.old, c.size = make(map[int64]entry[T], len(c.young)), c.young, 0
	}
	c.young[id] = e
	c.size += e.size
}

// documents reads documents by number: from the cache, the others by a query that takes a list of numbers and gives number
// and document. They are shared and must not be changed.
func documents[T any](ctx context.Context, q *Queries, c *cache[T], query string, ids []int64) (map[int64]*T, error) {
	found, missing := c.get(ids)
	if len(missing) == 0 {
		return found, nil
	}
	err := each(ctx, q, func(row scanner) error {
		var id int64
		var packed []byte
		if err := row.Scan(&id, &packed); err != nil {
			return err
		}
		raw, err := q.codec.unpack(packed)
		if err != nil {
			return fmt.Errorf("a stored document is damaged: %w", err)
		}
		v := new(T)
		if err := json.Unmarshal(raw, v); err != nil {
			return err
		}
		found[id] = v
		c.add(id, v, len(raw))
		return nil
	}, query, list(missing))
	return found, err
}
