package analysis

import (
	"context"
	"math"
)

// TreeOf merges the file lists of an image's layers alone, the base first: for those who need no packages.
// Their number is not bounded again: an image that was analysed has passed the limits. The only error is that of ctx.
func TreeOf(ctx context.Context, reports []*Report) (*Tree, error) {
	lim := DefaultLimits()
	size := 0
	for _, r := range reports {
		size = max(size, len(r.Files))
	}
	o := newOverlay(size, math.MaxInt64, newGaps(lim.Gaps))
	o.over = func() bool { return ctx.Err() != nil }
	for i, r := range reports {
		o.apply(i, r)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return o.tree(lim.Links), nil
}
