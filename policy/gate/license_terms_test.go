package gate_test

import (
	"testing"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

func TestLicenseCategory(t *testing.T) {
	t.Parallel()
	c := gate.Context{Analysis: &image.Analysis{Packages: []image.Package{
		{Type: image.Deb, Name: "bash", Version: "5", License: "GPL-3.0-or-later"},
		{Type: image.NPM, Name: "dual", Version: "1", License: "MIT OR GPL-2.0-only"},
		{Type: image.NPM, Name: "both", Version: "2", License: "AGPL-3.0-only AND MIT"},
		{Type: image.NPM, Name: "house", Version: "3", License: "LicenseRef-house"},
		{Type: image.NPM, Name: "silent", Version: "4"},
		{Type: image.Maven, Name: "jdk", Version: "17", License: "GPL-2.0-only WITH Classpath-exception-2.0"},
	}}}
	const (
		bash   = "strong_copyleft+bash|License category strong_copyleft: package bash 5 (dpkg) is under GPL-3.0-or-later"
		dual   = "strong_copyleft+dual|License category strong_copyleft: package dual 1 (npm) is under MIT OR GPL-2.0-only, not accepted: GPL-2.0-only"
		both   = "network_copyleft+both|License category network_copyleft: package both 2 (npm) is under AGPL-3.0-only AND MIT, not accepted: AGPL-3.0-only"
		house  = "unknown+house|License category unknown: package house 3 (npm) is under LicenseRef-house"
		silent = "unknown+silent|License category unknown: package silent 4 (npm) has no known license"
		jdk    = "weak_copyleft+jdk|License category weak_copyleft: package jdk 17 (java) is under GPL-2.0-only WITH Classpath-exception-2.0"
	)
	try(t, c, "license_terms/category",
		example{[]string{"categories=strong_copyleft"}, []string{bash}, time.Time{}},
		example{[]string{"categories=strong_copyleft", "choice=worst"}, []string{bash, dual}, time.Time{}},
		example{[]string{"categories=strong_copyleft, network_copyleft", "package_type=non-os"}, []string{both}, time.Time{}},
		example{[]string{"categories=unknown"}, []string{house, silent}, time.Time{}},
		example{[]string{"categories=unknown", "except_packages=silent", "except_licenses=licenseref-HOUSE"}, nil, time.Time{}},
		example{[]string{"categories=weak_copyleft"}, []string{jdk}, time.Time{}},
		example{[]string{"categories=weak_copyleft", "except_licenses=GPL-2.0-only"}, nil, time.Time{}},
		example{[]string{"categories=proprietary"}, nil, time.Time{}},
	)
	if _, errs := newCheck(t, "license_terms/category", "categories=copyleft"); len(errs) == 0 {
		t.Error("a category that does not exist is accepted")
	}
}
