package advisory

import "testing"

func TestVariants(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ecosystem, installed, fixed string
		same                        bool
	}{
		{"Oracle Linux:7", "2.17-317.0.1.el7", "2.17-326.0.1.el7_9", true},
		{"Oracle Linux:7", "2.17-317.0.1.el7", "2:2.17-292.0.1.ksplice1.el7", false},
		{"Oracle Linux:7", "2:2.17-260.0.9.ksplice1.el7", "2:2.17-292.0.1.ksplice2.el7", true},
		{"Oracle Linux:7", "2:2.17-260.0.9.ksplice1.el7", "2.17-326.0.1.el7_9", false},
		{"Oracle Linux:8", "3.6.14-8.el8_3", "10:3.6.16-4.0.1.el8_fips", false},
		{"Oracle Linux:8", "10:3.6.14-8.el8_fips", "10:3.6.16-4.0.1.el8_fips", true},
		{"Oracle Linux:8", "10:3.6.14-8.el8_fips", "", true},
		{"AlmaLinux:8", "3.6.14-8.el8_3", "10:3.6.16-4.0.1.el8_fips", true},
	} {
		a := Affected{Ranges: []Range{{Events: []Event{{Introduced: "0"}, {Fixed: c.fixed}}}}}
		if got := sameVariant(&lookup{Key: Key{Ecosystem: c.ecosystem}, version: c.installed}, &a); got != c.same {
			t.Errorf("%s %s and %q: %v", c.ecosystem, c.installed, c.fixed, got)
		}
	}
}
