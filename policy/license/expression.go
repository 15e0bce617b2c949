package license

import "landwaiter.dev/internal/spdx"

// Refused are the licences, in the order of the expression, for which it cannot be accepted by who does not accept those
// that denied names; none when it can. Of licences joined by OR the first acceptable one is chosen, unless strict: then all
// must be acceptable.
func Refused(e *spdx.Node, denied func(id string) bool, strict bool) []string {
	if e.Op == spdx.Leaf {
		if denied(e.ID) {
			return []string{e.ID}
		}
		return nil
	}
	var refused []string
	for _, o := range e.Sub {
		r := Refused(o, denied, strict)
		if e.Op == spdx.Or && !strict && len(r) == 0 {
			return nil
		}
		refused = append(refused, r...)
	}
	return refused
}
