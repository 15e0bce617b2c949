package engine

import "testing"

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	c := newKept[int, string](10)
	for i := range 100 {
		c.add(i, "v", 3)
		if c.size > 10 || len(c.young)+len(c.old) > 6 {
			t.Fatalf("after %d: %d of size %d are kept", i, len(c.young)+len(c.old), c.size)
		}
	}
	if _, ok := c.get(99); !ok {
		t.Error("the last is not kept")
	}
	if _, ok := c.get(50); ok {
		t.Error("what nobody asked for is still kept")
	}
	c.add(200, "too large", 11)
	if _, ok := c.get(200); ok {
		t.Error("what is larger than the limit is kept")
	}
	c.add(99, "v", 3)
	c.add(99, "v", 3)
	if v, ok := c.get(99); !ok || v != "v" {
		t.Error("what is added again is gone")
	}
	var none *kept[int, string]
	if none.add(1, "v", 1); func() bool { _, ok := none.get(1); return ok }() {
		t.Error("nothing keeps something")
	}
}
