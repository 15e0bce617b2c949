package engine

import (
	"strings"
	"testing"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// What is matched with nothing is told; a program that an operating-system package owns is matched with that.
func TestGapsOfWhatIsNotMatched(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		m := &matcher{store: s, now: time.Now}
		owner := &image.PackageRef{Type: image.Deb, Name: "bash", Version: "5.2"}
		for _, c := range []struct {
			p    image.Package
			want string
		}{
			{image.Package{Type: image.Maven, Name: "log4j-core", Version: "2.14.1"}, "no advisory data for Maven"},
			{image.Package{Type: image.Maven, Namespace: "org.apache", Name: "log4j-core", Version: "2.14.1"}, "no advisory data for Maven"},
			{image.Package{Type: image.Binary, Name: "redis", Version: "7"}, "1 packages were not matched"},
			{image.Package{Type: image.Binary, Name: "bash", Version: "5.2", OwnedBy: owner}, ""},
		} {
			gaps, _, err := m.gaps(t.Context(), &image.Analysis{Packages: []image.Package{c.p}}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.want == "" && len(gaps) > 0:
				t.Errorf("%s: %v", c.p.Name, gaps)
			case c.want != "" && (len(gaps) != 1 || !strings.Contains(gaps[0].Detail, c.want)):
				t.Errorf("%s %s: %v, want %q", c.p.Namespace, c.p.Name, gaps, c.want)
			}
		}
	})
}
