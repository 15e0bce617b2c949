package image_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func layer(diff string) image.Layer {
	return image.Layer{LayerID: image.LayerID{Blob: image.DigestOf([]byte("blob of " + diff)), DiffID: image.DigestOf([]byte(diff))}}
}

func TestChainIDs(t *testing.T) {
	t.Parallel()
	a, b := image.DigestOf([]byte("a")), image.DigestOf([]byte("b"))
	two := image.DigestOf([]byte(a + " " + b))
	three := image.DigestOf([]byte(two + " " + b))
	if diff := cmp.Diff([]image.Digest{a, two, three}, image.ChainIDs([]image.Layer{layer("a"), layer("b"), layer("b")})); diff != "" {
		t.Errorf("chain IDs (-want +got):\n%s", diff)
	}
	// Another compression of the same content is the same layer; another order is not.
	recompressed := layer("a")
	recompressed.Blob = image.DigestOf([]byte("zstd"))
	if got := image.ChainIDs([]image.Layer{recompressed, layer("b")}); got[1] != two {
		t.Error("the compression of a layer changes the chain")
	}
	if got := image.ChainIDs([]image.Layer{layer("b"), layer("a")}); got[1] == two {
		t.Error("the order of the layers does not matter")
	}
	unread := image.Layer{LayerID: image.LayerID{Blob: a}}
	if got := image.ChainIDs([]image.Layer{layer("a"), unread}); len(got) != 0 {
		t.Errorf("a layer that was not read gives %v", got)
	}
}

func TestInherits(t *testing.T) {
	t.Parallel()
	var none *image.KnownBase
	base := &image.KnownBase{Layers: 2}
	for layer, want := range map[int]bool{-1: false, 0: true, 1: true, 2: false} {
		if got := base.Inherits(layer); got != want {
			t.Errorf("layer %d: %v", layer, got)
		}
		if none.Inherits(layer) {
			t.Errorf("layer %d is inherited from no base", layer)
		}
	}
}
