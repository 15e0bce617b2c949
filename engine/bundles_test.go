package engine

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"landwaiter.dev/policy"
)

// named is the default bundle under an id of its own, with some bytes of a comment.
func named(id string, comment int) []byte {
	s := strings.Replace(string(policy.Default()), `"landwaiter-default"`, fmt.Sprintf(`%q`, id), 1)
	return []byte(strings.Replace(s, "{", fmt.Sprintf(`{"comment":%q,`, strings.Repeat("x", comment)), 1))
}

func TestBundlesAreCompiledOnce(t *testing.T) {
	t.Parallel()
	c := &bundles{}
	var all [8]*policy.Bundle
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() {
			b, err := c.load(named("a", 0))
			if err != nil {
				t.Error(err)
			}
			all[i] = b
		})
	}
	wait.Wait()
	for _, b := range all {
		if b == nil || b != all[0] || b.ID != "a" {
			t.Fatal("compiled more than once")
		}
	}
	if other, err := c.load(named("b", 0)); err != nil || other.ID != "b" {
		t.Errorf("got %v", err)
	}
	for range 2 {
		if _, err := c.load([]byte(`{"id":"broken"}`)); err == nil {
			t.Error("a broken bundle is accepted")
		}
	}
	if len(c.kept) != 2 {
		t.Errorf("%d are kept", len(c.kept))
	}
}

func TestKeptBundlesAreBounded(t *testing.T) {
	t.Parallel()
	c := &bundles{}
	load := func(id string, comment int) *policy.Bundle {
		b, err := c.load(named(id, comment))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	first := load("first", 0)
	for i := range 2 * maxBundles {
		load(fmt.Sprint(i), 0)
		if load("first", 0) != first {
			t.Fatal("what was just asked for is gone")
		}
	}
	if len(c.kept) != maxBundles {
		t.Errorf("%d are kept", len(c.kept))
	}
	for i := range 10 {
		load(fmt.Sprint("large", i), 7<<20)
	}
	weight := 0
	for _, k := range c.kept {
		weight += k.weight
	}
	if weight != c.weight || weight > maxBundleMemory || len(c.kept) < 2 {
		t.Errorf("%d are kept, of %d bytes, counted as %d", len(c.kept), weight, c.weight)
	}
	var none *bundles
	if _, err := none.load(named("a", 0)); err != nil {
		t.Error(err)
	}
}
