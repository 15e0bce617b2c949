package analysis

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"landwaiter.dev/image"
)

func TestTreeNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	r := &Report{}
	for i := range 10_000 {
		r.Files = append(r.Files, image.File{Path: image.Path(fmt.Sprintf("f%05d", i)), Type: image.Regular})
	}
	ctx, cancel := context.WithCancel(t.Context())
	if tree, err := TreeOf(ctx, []*Report{r}); err != nil || len(tree.Files()) != len(r.Files) {
		t.Fatalf("before: %v", err)
	}
	cancel()
	if tree, err := TreeOf(ctx, []*Report{r}); tree != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("after: %v", err)
	}
}
