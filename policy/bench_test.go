package policy_test

import (
	"fmt"
	"testing"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
)

// everything is a bundle with a rule for each trigger that works.
func everything(t testing.TB) *policy.Bundle {
	rules := rule("GO", "always", "always")
	for _, r := range []string{
		rule("STOP", "dockerfile", "instruction", "instruction=RUN", "check=like", "value=.*sudo.*"),
		rule("STOP", "dockerfile", "effective_user", "users=root", "type=blacklist"),
		rule("STOP", "dockerfile", "exposed_ports", "ports=22", "type=blacklist"),
		rule("WARN", "dockerfile", "no_dockerfile_provided"),
		rule("WARN", "packages", "required_package", "name=package-7", "version=1.0", "version_match_type=minimum"),
		rule("STOP", "packages", "blacklist", "name=package-8"),
		rule("STOP", "vulnerabilities", "package", "package_type=all", "severity_comparison=>=", "severity=medium", "package_path_exclude=.*/test/.*"),
		rule("WARN", "vulnerabilities", "package", "package_type=all", "severity_comparison=>=", "cvss_v3_base_score=7.0", "max_days_since_creation=7"),
		rule("WARN", "vulnerabilities", "stale_feed_data", "max_days_since_sync=2"),
		rule("WARN", "vulnerabilities", "vulnerability_data_unavailable"),
		rule("STOP", "vulnerabilities", "blacklist", "vulnerability_ids=CVE-1-1,CVE-1-2"),
		rule("STOP", "vulnerabilities", "known_exploited"),
		rule("WARN", "analysis", "gaps"),
	} {
		rules += "," + r
	}
	items := `{"gate":"vulnerabilities","trigger_id":"CVE-1-7+*"}`
	for i := range 200 {
		items += fmt.Sprintf(`,{"gate":"vulnerabilities","trigger_id":"CVE-2-%d+package-%d"}`, i, i)
	}
	return mustParse(t, bundleWith(rules, items, ""))
}

// largeImage has 500 packages, 50,000 files and the given number of findings.
func largeImage(findings int) policy.Input {
	a := &image.Analysis{Distro: image.Distro{ID: "debian", VersionID: "12"}, Dockerfile: "FROM scratch\nRUN a\nRUN b\nUSER app\n"}
	types := []image.PackageType{image.Deb, image.Python, image.NPM}
	for i := range 500 {
		p := image.Package{Type: types[i%3], Name: fmt.Sprintf("package-%d", i), Version: "1.2.3-4"}
		if !p.Type.OS() {
			p.Location = image.Path(fmt.Sprintf("usr/lib/some/where/package-%d/package.json", i))
		}
		a.Packages = append(a.Packages, p)
	}
	in := policy.Input{Tag: "docker.io/a:b", ImageID: "feed", Analysis: a, At: now, Files: func() []image.File { return make([]image.File, 50_000) }}
	for i := range findings {
		in.Findings = append(in.Findings, advisory.ImageFinding{
			Package: a.Packages[i%500],
			Finding: advisory.Finding{ID: fmt.Sprintf("CVE-%d-%d", i%3, i), Severity: advisory.Severity(i % 6), Fixes: []string{"1.2.4"}, URL: "https://example.org/"},
			Since:   now.AddDate(0, 0, -i%20),
		})
	}
	return in
}

func BenchmarkEvaluate(b *testing.B) {
	bundle := everything(b)
	for _, findings := range []int{0, 300, 3000} {
		in := largeImage(findings)
		b.Run(fmt.Sprintf("findings=%d", findings), func(b *testing.B) {
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				e := bundle.Evaluate(in)
				rows = len(e.Rows)
				e.Evidence()
			}
			b.ReportMetric(float64(rows), "rows")
		})
	}
}

func BenchmarkParse(b *testing.B) {
	doc := policy.Default()
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := policy.Parse(doc); err != nil {
			b.Fatal(err)
		}
	}
}
