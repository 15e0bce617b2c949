package gate_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/pyregex"
	"landwaiter.dev/policy/gate"
)

// days before now.
func days(n int) time.Time { return now.AddDate(0, 0, -n) }

func findings() []advisory.ImageFinding {
	return []advisory.ImageFinding{
		{
			Package: image.Package{Type: image.NPM, Name: "@scope/lib", Version: "1.0.0", Location: "app/node_modules/@scope/lib/package.json"},
			Finding: advisory.Finding{ID: "GHSA-npm", Severity: advisory.Unknown, URL: "https://npm"},
			Since:   days(1),
		},
		{
			Package: image.Package{Type: image.APK, Name: "openssl", Version: "1.1.1c-r0"},
			Finding: advisory.Finding{
				ID: "CVE-2020-1234", Severity: advisory.High, Fixes: []string{"1.1.1d-r0", "1.2"}, State: advisory.Fixed, URL: "https://x/1234",
				CVSS: []advisory.CVSS{
					{Source: advisory.NVD, Version: "3.1", Base: 7, Exploitability: 3.9, Impact: 3.6},
					{Source: advisory.NVD, Version: "2.0", Base: 10, Exploitability: 10, Impact: 10},
					{Source: "ALPINE-1", Version: "3.0", Base: 9.1, Exploitability: 0, Impact: 5},
				},
				KnownExploited: "2021-11-03",
			},
			Since: days(10), FixSince: days(4),
		},
		{
			Package: image.Package{Type: image.APK, Name: "openssl", Version: "1.1.1c-r0"},
			Finding: advisory.Finding{ID: "CVE-2019-1", Severity: advisory.Critical, State: advisory.WontFix, URL: "https://x/1"},
			Since:   days(10),
		},
		{
			Package: image.Package{Type: image.APK, Name: "musl", Version: "1.2"},
			Finding: advisory.Finding{ID: "CVE-2018-1", Severity: advisory.Critical, URL: "https://x/2"},
			Ignored: "hidden by a rule",
		},
		{
			Package: image.Package{Type: image.Maven, Name: "b", Version: "2", Location: "app/a.war", Inner: "WEB-INF/lib/b-2.jar"},
			Finding: advisory.Finding{ID: "GHSA-java", Severity: advisory.Medium, Fixes: []string{"3"}, State: advisory.Fixed, URL: "https://java"},
			Since:   days(3), FixSince: time.Time{},
		},
		{
			Package: image.Package{Type: image.Python, Name: "pip", Version: "20", Location: "usr/lib/pip/METADATA"},
			Finding: advisory.Finding{ID: "CVE-2021-5", Severity: advisory.Low, URL: "https://pip", KnownExploited: "2022-01-01"},
		},
	}
}

const (
	rowJava    = "GHSA-java+b-2.jar|MEDIUM Vulnerability found in non-os package type (java) - /app/a.war:WEB-INF/lib/b-2.jar (fixed in: 3)(GHSA-java - https://java)"
	rowNPM     = "GHSA-npm+lib|UNKNOWN Vulnerability found in non-os package type (npm) - /app/node_modules/@scope/lib/package.json (GHSA-npm - https://npm)"
	rowPython  = "CVE-2021-5+pip-20|LOW Vulnerability found in non-os package type (python) - /usr/lib/pip/METADATA (CVE-2021-5 - https://pip)"
	rowOpenSSL = "CVE-2020-1234+openssl|HIGH Vulnerability found in os package type (APKG) - openssl (fixed in: 1.1.1d-r0, 1.2)(CVE-2020-1234 - https://x/1234)"
	rowWontFix = "CVE-2019-1+openssl|CRITICAL Vulnerability found in os package type (APKG) - openssl (CVE-2019-1 - https://x/1)"
)

// withText puts the parts on scores and dates before the id and link.
func withText(row, id, text string) string {
	return strings.Replace(row, "("+id+" - ", text+"("+id+" - ", 1)
}

func TestVulnerabilitiesPackage(t *testing.T) {
	t.Parallel()
	ssl := func(text string) []string { return []string{withText(rowOpenSSL, "CVE-2020-1234", text)} }
	for _, tc := range []struct {
		params string
		want   []string
	}{
		{"package_type=all", []string{rowJava, rowPython, rowOpenSSL}},
		{"package_type=os", []string{rowOpenSSL}},
		{"package_type=non-os", []string{rowJava, rowPython}},
		{"package_type=all severity_comparison== severity=unknown", []string{rowNPM}},
		{"package_type=all severity_comparison=>=", []string{rowJava, rowNPM, rowPython, rowOpenSSL}},
		{"package_type=all severity=medium", []string{rowOpenSSL}},
		{"package_type=all severity_comparison=!= severity=medium", []string{rowNPM, rowPython, rowOpenSSL}},
		{"package_type=all severity_comparison=<= severity=low", []string{rowNPM, rowPython}},
		{"package_type=all severity=high vendor_only=false", []string{rowWontFix}},
		{"package_type=os severity=medium vendor_only=false", []string{rowWontFix, rowOpenSSL}},
		{"package_type=all fix_available=true", []string{rowJava, rowOpenSSL}},
		{"package_type=all fix_available=false", []string{rowPython}},
		{"package_type=non-os package_path_exclude=/app/.*", []string{rowPython}},
		{"package_type=non-os package_path_exclude=app", []string{rowJava, rowPython}},
		{"package_type=os package_path_exclude=.*", []string{rowOpenSSL}},
		{"package_type=all cvss_v3_base_score=7.0", ssl("(cvss_v3_base_score=7.0)")},
		{"package_type=all cvss_v3_base_score=7 cvss_v3_base_score_comparison=>", nil},
		{"package_type=os cvss_v3_base_score=5 cvss_v3_impact_score=3 cvss_v3_exploitability_score=1", ssl("(cvss_v3_base_score=7.0 cvss_v3_exploitability_score=3.9 cvss_v3_impact_score=3.6)")},
		{"package_type=all cvss_v3_base_score_comparison=<", []string{rowJava, rowPython, rowOpenSSL}},
		{"package_type=non-os cvss_v3_base_score=5 cvss_v3_base_score_comparison=<", []string{
			withText(rowJava, "GHSA-java", "(cvss_v3_base_score=-1.0)"), withText(rowPython, "CVE-2021-5", "(cvss_v3_base_score=-1.0)"),
		}},
		{"package_type=os vendor_cvss_v3_base_score=9.1 vendor_cvss_v3_exploitability_score=0", ssl("(vendor_cvss_v3_base_score=9.1)")},
		{"package_type=all vendor_cvss_v3_base_score=9.2", nil},
		{"package_type=os max_days_since_creation=10", ssl("(max_days_since_creation=2026-11-14)")},
		{"package_type=os max_days_since_creation=11", nil},
		{"package_type=non-os max_days_since_creation=0", []string{
			withText(rowJava, "GHSA-java", "(max_days_since_creation=2026-11-21)"), withText(rowPython, "CVE-2021-5", "(max_days_since_creation=2026-11-24)"),
		}},
		{"package_type=os fix_available=true max_days_since_fix=4", ssl("(max_days_since_fix=2026-11-20)")},
		{"package_type=os fix_available=true max_days_since_fix=5", nil},
		{"package_type=os max_days_since_fix=5", ssl("")},
		{"package_type=non-os fix_available=true max_days_since_fix=5", []string{rowJava}},
		{"package_type=os fix_available=true max_days_since_fix=1 max_days_since_creation=1 cvss_v3_base_score=1 vendor_cvss_v3_impact_score=1",
			ssl("(cvss_v3_base_score=7.0)(max_days_since_creation=2026-11-14 max_days_since_fix=2026-11-20)(vendor_cvss_v3_impact_score=5.0)")},
		{"package_type=all max_days_since_creation=99999999999999999999999", nil},
	} {
		got := run(t, &gate.Context{Findings: findings()}, "vulnerabilities/package", strings.Fields(tc.params)...)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", tc.params, diff)
		}
	}
}

func TestTriggerIDsOfPackages(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pkg  image.Package
		want string
	}{
		{image.Package{Type: image.Deb, Name: "libssl3", Version: "1"}, "X+libssl3"},
		{image.Package{Type: image.RPM, Name: "bash", Version: "1"}, "X+bash"},
		{image.Package{Type: image.Ebuild, Name: "app-shells/bash", Version: "1"}, "X+app-shells/bash"},
		{image.Package{Type: image.Gem, Name: "rake", Version: "13", Location: "usr/share/gems/specifications/rake-13.gemspec"}, "X+rake-13.gemspec"},
		{image.Package{Type: image.Maven, Name: "b", Version: "1", Location: "app.jar", Inner: "b.jar"}, "X+app.jar:b.jar"},
		{image.Package{Type: image.NPM, Name: "@s/x", Version: "1", Location: "n/@s/x/package.json"}, "X+x"},
		{image.Package{Type: image.NPM, Name: "x", Version: "1", Location: "package.json"}, "X+x-1"},
		{image.Package{Type: image.Golang, Name: "golang.org/x/net", Version: "v0.1.0", Location: "bin/a"}, "X+golang.org/x/net-v0.1.0"},
		{image.Package{Type: image.Cargo, Name: "time", Version: "0.1", Location: "bin/b"}, "X+time-0.1"},
	} {
		c := &gate.Context{Findings: []advisory.ImageFinding{{Package: tc.pkg, Finding: advisory.Finding{ID: "X"}}}}
		got := run(t, c, "vulnerabilities/package", "package_type=all", "severity_comparison==")
		if len(got) != 1 || !strings.HasPrefix(got[0], tc.want+"|") {
			t.Errorf("%s: got %q, want %q", tc.pkg.Name, got, tc.want)
		}
	}
}

func TestStaleFeedData(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		feed gate.Feed
		max  string
		want string // number in the message, "" for no row
		next time.Time
	}{
		{gate.Feed{}, "2", "2", time.Time{}},
		{gate.Feed{Present: true}, "2", "2", time.Time{}},
		{gate.Feed{Present: true, LastSync: days(1)}, "2", "", now.AddDate(0, 0, 1)},
		{gate.Feed{Present: true, LastSync: days(2)}, "2", "2", time.Time{}},
		{gate.Feed{Present: true, LastSync: now}, "0", "0", time.Time{}},
		{gate.Feed{Present: true, LastSync: days(9)}, " 007 ", "7", time.Time{}},
		{gate.Feed{Present: true, LastSync: days(9)}, "99999999999999999999", "", time.Time{}},
	} {
		c := &gate.Context{Feed: tc.feed}
		var want []string
		if tc.want != "" {
			want = []string{"|The vulnerability feed for this image distro is older than MAXAGE (" + tc.want + ") days"}
		}
		if diff := cmp.Diff(want, run(t, c, "vulnerabilities/stale_feed_data", "max_days_since_sync="+tc.max)); diff != "" {
			t.Errorf("%v, %s: %s", tc.feed, tc.max, diff)
		}
		if !c.NextAt().Equal(tc.next) {
			t.Errorf("%v, %s: next at %v, want %v", tc.feed, tc.max, c.NextAt(), tc.next)
		}
	}
}

func TestVulnerabilityDataUnavailable(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		distro  image.Distro
		present bool
		want    string
	}{
		{image.Distro{ID: "alpine", VersionID: "3.10.9"}, true, ""},
		{image.Distro{ID: "alpine", VersionID: "3.10.9"}, false, "alpine:3.10.9"},
		{image.Distro{ID: "arch"}, false, "arch:0"},
		{image.Distro{}, false, "Unknown:0"},
	} {
		c := &gate.Context{Analysis: &image.Analysis{Distro: tc.distro}, Feed: gate.Feed{Present: tc.present}}
		var want []string
		if tc.want != "" {
			want = []string{"|Distro-specific feed data not found for distro namespace: " + tc.want + ". Cannot perform CVE scan OS/distro packages"}
		}
		if diff := cmp.Diff(want, run(t, c, "vulnerabilities/vulnerability_data_unavailable")); diff != "" {
			t.Errorf("%v: %s", tc.distro, diff)
		}
	}
}

func TestVulnerabilityBlacklist(t *testing.T) {
	t.Parallel()
	for params, want := range map[string][]string{
		"vulnerability_ids=GHSA-npm,CVE-9,CVE-2020-1234":           {"|Blacklisted vulnerabilities detected: ['GHSA-npm', 'CVE-2020-1234']"},
		"vulnerability_ids=cve-2020-1234":                          nil,
		"vulnerability_ids=CVE-2019-1":                             nil,
		"vulnerability_ids=CVE-2019-1 vendor_only=false":           {"|Blacklisted vulnerabilities detected: ['CVE-2019-1']"},
		"vulnerability_ids=CVE-2018-1 vendor_only=false":           nil,
		"vulnerability_ids=CVE-2021-5,CVE-2021-5 vendor_only=true": {"|Blacklisted vulnerabilities detected: ['CVE-2021-5', 'CVE-2021-5']"},
	} {
		got := run(t, &gate.Context{Findings: findings()}, "vulnerabilities/blacklist", strings.Fields(params)...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", params, diff)
		}
	}
}

func TestKnownExploited(t *testing.T) {
	t.Parallel()
	const (
		pip = "CVE-2021-5+pip-20|LOW known exploited vulnerability found in non-os package type (python) - /usr/lib/pip/METADATA (exploited since 2022-01-01)(CVE-2021-5 - https://pip)"
		ssl = "CVE-2020-1234+openssl|HIGH known exploited vulnerability found in os package type (APKG) - openssl (fixed in: 1.1.1d-r0, 1.2)(exploited since 2021-11-03)(CVE-2020-1234 - https://x/1234)"
	)
	for params, want := range map[string][]string{
		"":                                    {pip, ssl},
		"package_type=os":                     {ssl},
		"fix_available=false":                 {pip},
		"package_type=os fix_available=false": nil,
	} {
		got := run(t, &gate.Context{Findings: findings()}, "vulnerabilities/known_exploited", strings.Fields(params)...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", params, diff)
		}
	}
}

// TestNextMoment walks through the ages: the row appears exactly at the moment that was announced.
func TestNextMoment(t *testing.T) {
	t.Parallel()
	check := compile(t, "vulnerabilities/package", "package_type=os", "severity=medium", "fix_available=true", "max_days_since_creation=12", "max_days_since_fix=5")
	at := func(moment time.Time) (rows int, next time.Time) {
		c := &gate.Context{Analysis: &image.Analysis{}, Findings: findings(), At: moment}
		if err := check(c, func(string, string) { rows++ }); err != nil {
			t.Fatal(err)
		}
		return rows, c.NextAt()
	}
	rows, next := at(now)
	if want := now.AddDate(0, 0, 2); rows != 0 || !next.Equal(want) {
		t.Fatalf("got %d rows, next at %v, want none and %v", rows, next, want)
	}
	if rows, _ := at(next.Add(-time.Nanosecond)); rows != 0 {
		t.Error("the row is there before its moment")
	}
	if rows, next = at(next); rows != 1 || !next.IsZero() {
		t.Errorf("at its moment: %d rows, next at %v", rows, next)
	}
}

func TestDetectionOnTheImageCounts(t *testing.T) {
	t.Parallel()
	c := &gate.Context{Findings: findings(), DetectedAt: func(*advisory.ImageFinding) time.Time { return days(1) }}
	if got := run(t, c, "vulnerabilities/package", "package_type=os", "max_days_since_creation=2"); got != nil {
		t.Errorf("got %q", got)
	}
	if want := now.AddDate(0, 0, 1); !c.NextAt().Equal(want) {
		t.Errorf("next at %v, want %v", c.NextAt(), want)
	}
}

func TestTimeOut(t *testing.T) {
	t.Parallel()
	f := findings()
	f[5].Package.Location = image.Path(strings.Repeat("a", 3000))
	check := compile(t, "vulnerabilities/package", "package_type=non-os", `package_path_exclude=/(a*)*\1b`)
	c := &gate.Context{Analysis: &image.Analysis{}, Findings: f, At: now}
	if err := check(c, func(string, string) {}); !errors.Is(err, pyregex.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}
