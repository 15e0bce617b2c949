package gate_test

import (
	"testing"
	"time"

	"landwaiter.dev/advisory"
)

func TestFixKnown(t *testing.T) {
	t.Parallel()
	const a = "CVE-2026-1+a|HIGH Vulnerability found in os package type (dpkg) - a (fixed in: 2.0)(fix known since 2026-11-14, 10 days allowed)(CVE-2026-1 - u1)"
	try(t, threatened(), "remediation/fix_known",
		example{[]string{"max_days=10"}, []string{a}, time.Time{}}, // of GHSA-3 it is not known since when there is a fix
		example{[]string{"max_days=11"}, nil, now.AddDate(0, 0, 1)},
		example{[]string{"max_days=11", "severity=critical"}, nil, time.Time{}},
		example{[]string{"max_days=99999999999999999999"}, nil, time.Time{}},
	)
}

func TestKnownHere(t *testing.T) {
	t.Parallel()
	const a = "CVE-2026-1+a|HIGH Vulnerability found in os package type (dpkg) - a (fixed in: 2.0)(known here since 2026-11-04, 1 day allowed)(CVE-2026-1 - u1)"
	c := threatened()
	try(t, c, "remediation/known_here",
		example{[]string{"max_days=1", "package_type=os"}, []string{a}, time.Time{}},
		example{[]string{"max_days=20", "severity=low", "severity_comparison=="}, nil, now.AddDate(0, 0, 15)},
		example{[]string{"max_days=30", "severity=high"}, nil, now.AddDate(0, 0, 10)},
		example{[]string{"max_days=1", "severity=high", "severity_comparison=<", "fix_available=true"}, nil, time.Time{}},
	)
	// The image came later than the advisory: the team's time runs from then on.
	c.DetectedAt = func(f *advisory.ImageFinding) time.Time { return daysAgo(1).Add(time.Minute) }
	try(t, c, "remediation/known_here", example{[]string{"max_days=1", "package_type=os"}, nil, now.Add(time.Minute)})
}
