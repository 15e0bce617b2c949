package gate_test

import (
	"testing"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

func TestGapsLeftOut(t *testing.T) {
	t.Parallel()
	c := gate.Context{Gaps: []image.Gap{{Kind: image.GapParserFailed, Path: "opt/a.jar", Detail: "broken", Count: 2}, {Kind: image.GapLimit, Layer: -1, Detail: "too long"}}}
	const limit = "limit_hit|Analysis gap limit_hit: too long"
	try(t, c, "analysis/gaps",
		example{[]string{"except_kinds=parser_failed"}, []string{limit}, time.Time{}},
		example{[]string{"path_exclude=/opt/.*"}, []string{limit}, time.Time{}},
	)
	try(t, c, "analysis/gap_count",
		example{[]string{"min_count=3"}, []string{"parser_failed|Analysis has 3 gaps of kind parser_failed, fewer than 3 allowed"}, time.Time{}},
		example{[]string{"min_count=4"}, nil, time.Time{}},
		example{[]string{"min_count=0", "kinds=limit_hit"}, []string{"limit_hit|Analysis has 1 gaps of kind limit_hit, fewer than 1 allowed"}, time.Time{}},
	)
}

func TestStaleSource(t *testing.T) {
	t.Parallel()
	c := gate.Context{Facts: gate.Facts{Sources: []gate.SourceAge{{Name: "Debian:12", LastSync: daysAgo(3)}, {Name: "PyPI"}, {Name: "kev", LastSync: daysAgo(1)}}}}
	const (
		debian = "Debian:12|The data of Debian:12 is of 2026-11-21, 3 days allowed"
		pypi   = "PyPI|There is no data of PyPI"
	)
	try(t, c, "analysis/stale_source",
		example{[]string{"max_days=3"}, []string{debian, pypi}, now.AddDate(0, 0, 2)},
		example{[]string{"max_days=3", "sources=pypi"}, []string{pypi}, time.Time{}},
		example{[]string{"max_days=3", "sources=kev"}, nil, now.AddDate(0, 0, 2)},
	)
}

func TestUnverifiedVEX(t *testing.T) {
	t.Parallel()
	c := threatened()
	c.Findings[0].VEX = &advisory.VEX{Status: "not_affected", Author: "mallory", Unverified: true}
	c.Findings[1].VEX = &advisory.VEX{Status: "affected"}
	try(t, c, "analysis/unverified_vex",
		example{nil, []string{"CVE-2026-1+a|HIGH Vulnerability found in os package type (dpkg) - a (fixed in: 2.0)(an unverified VEX statement by mallory says not_affected)(CVE-2026-1 - u1)"}, time.Time{}},
		example{[]string{"statuses=fixed"}, nil, time.Time{}},
	)
}
