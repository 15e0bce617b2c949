package analysis

import "math"

// TreeOf merges the file lists of an image's layers alone, the base first: for those who need no packages.
// Their number is not bounded again: an image that was analysed has passed the limits.
func TreeOf(reports []*Report) *Tree {
	lim := DefaultLimits()
	size := 0
	for _, r := range reports {
		size = max(size, len(r.Files))
	}
	o := newOverlay(size, math.MaxInt64, newGaps(lim.Gaps))
	for i, r := range reports {
		o.apply(i, r)
	}
	return o.tree(lim.Links)
}
