package gate_test

import (
	"testing"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

func inherited() gate.Context {
	c := threatened()
	c.Analysis = &image.Analysis{
		Packages: []image.Package{{Type: image.Deb, Name: "a", Version: "1"}, {Type: image.Golang, Name: "b", Version: "v1", Layer: 2}},
		History: []image.History{
			{Created: "2026-01-02T03:04:05Z"}, {Created: "2026-11-24T00:00:00Z", EmptyLayer: true}, {Created: "2026-09-01T12:00:00+02:00"}, {Created: "2026-11-20T00:00:00Z"},
		},
	}
	c.Facts.Lineage = &gate.Lineage{
		Base:  &image.KnownBase{Digest: "sha256:old", Tags: []string{"docker.io/debian:12"}, Layers: 2},
		Newer: []gate.NewerBase{{Tag: "docker.io/debian:12", Digest: "sha256:new", Was: "sha256:old", Since: daysAgo(3)}},
	}
	return c
}

func TestInheritedVulnerabilities(t *testing.T) {
	t.Parallel()
	const a = "CVE-2026-1+a|HIGH Vulnerability found in os package type (dpkg) - a (fixed in: 2.0)(from the base image docker.io/debian:12)(CVE-2026-1 - u1)"
	try(t, inherited(), "inheritance/vulnerabilities",
		example{[]string{"origin=base"}, []string{a}, time.Time{}},
		example{[]string{"origin=base", "severity=critical"}, nil, time.Time{}},
		example{[]string{"origin=image", "package_type=os"}, nil, time.Time{}},
	)
	c := inherited()
	c.Facts.Lineage = nil
	const own = "CVE-2026-1+a|HIGH Vulnerability found in os package type (dpkg) - a (fixed in: 2.0)(no base image is known)(CVE-2026-1 - u1)"
	try(t, c, "inheritance/vulnerabilities",
		example{[]string{"origin=base"}, nil, time.Time{}},
		example{[]string{"origin=image", "package_type=os"}, []string{own}, time.Time{}},
	)
}

func TestInheritedPackages(t *testing.T) {
	t.Parallel()
	try(t, inherited(), "inheritance/packages",
		example{[]string{"origin=base"}, []string{"a|Package a 1 (dpkg): from the base image docker.io/debian:12"}, time.Time{}},
		example{[]string{"origin=image"}, []string{"b|Package b v1 (go): not from the base image"}, time.Time{}},
		example{[]string{"origin=image", "names=a, c"}, nil, time.Time{}},
		example{[]string{"origin=image", "package_type=os"}, nil, time.Time{}},
	)
}

func TestBaseImage(t *testing.T) {
	t.Parallel()
	c := inherited()
	try(t, c, "inheritance/base_unknown", example{nil, nil, time.Time{}})
	try(t, c, "inheritance/base_outdated",
		example{nil, []string{"docker.io/debian:12|Base image is out of date: docker.io/debian:12 is sha256:new since 2026-11-21, and this image was built on sha256:old"}, time.Time{}},
		example{[]string{"grace_days=4"}, nil, now.AddDate(0, 0, 1)},
	)
	try(t, c, "inheritance/base_age",
		example{[]string{"max_days=84"}, []string{"|Base image docker.io/debian:12 was made on 2026-09-01, 84 days allowed"}, time.Time{}},
		example{[]string{"max_days=90"}, nil, time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)},
	)
	c.Facts.Lineage = &gate.Lineage{Declared: &image.BaseImage{Name: "docker.io/library/debian:12"}}
	try(t, c, "inheritance/base_unknown",
		example{nil, []string{"|No image known here is the base of this image; it names docker.io/library/debian:12 itself"}, time.Time{}},
		example{[]string{"accept_declared=true"}, nil, time.Time{}},
	)
	c.Facts.Lineage = nil
	try(t, c, "inheritance/base_unknown", example{[]string{"accept_declared=true"}, []string{"|No image known here is the base of this image"}, time.Time{}})
	try(t, c, "inheritance/base_age", example{[]string{"max_days=0"}, nil, time.Time{}})
	try(t, c, "inheritance/base_outdated", example{nil, nil, time.Time{}})
}
