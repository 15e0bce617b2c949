package analysis

// TreeOf merges the file lists of an image's layers alone, the base first: for those who need no packages.
func TreeOf(reports []*Report) *Tree {
	lim := DefaultLimits()
	size := 0
	for _, r := range reports {
		size = max(size, len(r.Files))
	}
	o := newOverlay(size, newGaps(lim.Gaps))
	for i, r := range reports {
		o.apply(i, r)
	}
	return o.tree(lim.Links)
}
