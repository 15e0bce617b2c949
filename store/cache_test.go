package store

import "testing"

// What is asked for again and again stays, however much else comes, and no more is kept than twice the limit.
func TestCacheKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	c := newCache[int](100)
	often := 7
	c.add(0, &often, 10)
	for id := int64(1); id < 1000; id++ {
		v := int(id)
		c.add(id, &v, 10)
		if have, _ := c.get([]int64{0}); have[0] != &often {
			t.Fatalf("after %d others it is gone", id)
		}
		if n := len(c.young) + len(c.old); n > 20 {
			t.Fatalf("%d documents of 10 bytes are kept", n)
		}
	}
	have, missing := c.get([]int64{0, 1, 999})
	if len(have) != 2 || len(missing) != 1 || missing[0] != 1 {
		t.Errorf("kept %v, missing %v", have, missing)
	}
	big := 1
	if c.add(1000, &big, 101); len(c.young) > 10 {
		t.Error("what is larger than all is kept")
	}
}
