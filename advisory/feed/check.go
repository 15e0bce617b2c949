package feed

import (
	"errors"
	"fmt"

	"landwaiter.dev/advisory"
)

// Check says why a record that no reader of this package made cannot be kept; nil when it can.
func Check(r *advisory.Record) error {
	if len(r.ID) > maxID || !idPattern.MatchString(r.ID) {
		return fmt.Errorf("its id %.80q is not usable", r.ID)
	}
	for _, list := range [][]string{r.Aliases, r.Upstream, r.Related} {
		for _, id := range list {
			if !printable(id, maxID) {
				return errors.New("it names an id that is not usable")
			}
		}
	}
	for i := range r.Affected {
		if a := &r.Affected[i]; !printable(a.Package, maxName) || !printable(a.Ecosystem, maxID) {
			return fmt.Errorf("the package %.80q of %.80q has no usable name", a.Package, a.Ecosystem)
		}
	}
	return nil
}

// IsCVE says whether a text is an id of CVE.
func IsCVE(id string) bool { return cvePattern.MatchString(id) }
