package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/policy/gate"
	"landwaiter.dev/sbom"
)

var update = flag.Bool("update", false, "write the golden files anew")

// result has one of everything that the forms must carry, and names that try to steer a terminal.
func result() *Result {
	digest := image.DigestOf([]byte("manifest"))
	openssl := image.Package{
		Type: image.Deb, Name: "openssl", Version: "3.0.1-1", Arch: "amd64", SourceName: "openssl", SourceVersion: "3.0.1-1",
		Location: "var/lib/dpkg/status", Licenses: []string{"Apache-2.0"}, Origin: "Somebody",
	}
	rpm := image.Package{Type: image.RPM, Name: "bash", Version: "1:5.1-6.el9", Arch: "x86_64", SourceRPM: "bash-5.1-6.el9.src.rpm", Location: "var/lib/rpm/rpmdb.sqlite"}
	npm := image.Package{Type: image.NPM, Name: "@scope/evil\x1b[31m", Version: "1.0.0", Location: "app/node_modules/@scope/evil/package.json", Layer: 1}
	jar := image.Package{Type: image.Maven, Namespace: "org.example", Name: "lib", Version: "2", Location: "app/a.war", Inner: "WEB-INF/lib/lib.jar", Layer: 1,
		OwnedBy: &image.PackageRef{Type: image.Deb, Name: "liblib-java", Version: "2-1"}}
	program := image.Package{Type: image.Binary, Name: "go", Version: "1.20.1", CPEs: []string{"cpe:2.3:a:golang:go:1.20.1:*:*:*:*:*:*:*"}, Location: "usr/local/go/VERSION", Layer: 1}
	gaps := []image.Gap{{Kind: image.GapParserFailed, Path: "app/broken.jar", Layer: 1, Detail: "not a zip archive", Count: 2}}
	name := "our list"
	evaluation := policy.Evaluation{
		Account: "admin", ImageID: image.DigestOf([]byte("config")).Hex(), ImageDigest: string(digest), Tag: "docker.io/example:1", BundleID: "b1", Bundle: json.RawMessage(`{"id":"b1","comment":"<as it came>"}`),
		Mapping: json.RawMessage(`{"name":"all"}`), PolicyAction: "stop", FinalAction: "stop", FinalReason: policy.ByPolicy, At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		Rows: []policy.Row{
			{Gate: "dockerfile", Trigger: "exposed_ports", TriggerID: "x", Message: "port 22", Action: "go", Allowed: &policy.AllowedBy{Name: &name}, PolicyID: "p1"},
			{Gate: "files", Trigger: "name_match", TriggerID: "y", Message: "file=/a\nb\x1b[31m", Action: "stop", PolicyID: "p1"},
		},
		Problems: []policy.Problem{{Severity: "warn", Type: "TriggerEvaluationError", Details: "a rule took too long"}},
	}
	return &Result{
		Checked: &Checked{Digest: evaluation.ImageDigest, FullTag: evaluation.Tag, Evaluations: []Evaluation{
			{PolicyID: "b1", FinalAction: "stop", At: evaluation.At, Revision: 7, ID: 3, Document: evaluation.Document(), Bundle: evaluation.Bundle},
		}},
		Scores: map[string]EPSS{"CVE-2026-1": {Score: 0.943, Percentile: 0.999, Day: "2026-01-01"}},
		Facts:  &gate.Facts{Threats: map[string]gate.Threat{"CVE-2026-1": {Score: 0.9, Percentile: 0.99, Scored: "2025-12-31", Due: "2026-01-22", Ransomware: true}}},
		Name:   "example:1", Reference: "docker.io/example:1", Matched: true, Version: "1.2.3", At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), FeedRevision: 7,
		Analysis: &image.Analysis{
			Schema: 1, Digest: digest, ID: image.DigestOf([]byte("config")), Platform: image.DefaultPlatform, Size: 3 << 20,
			Layers: []image.Layer{{LayerID: image.LayerID{Blob: image.DigestOf([]byte("0"))}}, {LayerID: image.LayerID{Blob: image.DigestOf([]byte("1"))}}},
			Distro: image.Distro{ID: "debian", VersionID: "12"}, Files: image.FileCount{Total: 42}, Packages: []image.Package{openssl, rpm, npm, jar, program}, Gaps: gaps,
		},
		Findings: []advisory.ImageFinding{
			{
				Finding: advisory.Finding{ID: "CVE-2026-1", IDs: []string{"CVE-2026-1"}, Severity: advisory.Critical, SeveritySource: "debian", Fixes: []string{"3.0.2-1"}, State: advisory.Fixed,
					Title: "bad", URL: "https://example.com/1", KnownExploited: "2026-01-01", CVSS: []advisory.CVSS{{Source: "NVD", Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Base: 9.8}}},
				Package: openssl, Distinct: advisory.Package{Ecosystem: "Debian:12"},
			},
			{
				Finding: advisory.Finding{ID: "CVE-2026-2", IDs: []string{"CVE-2026-2"}, Severity: advisory.Medium, SeveritySource: "CVE-2026-2: CVSS v3", State: advisory.NotFixed,
					Evidence: []advisory.Evidence{{Record: "CVE-2026-2", Ecosystem: "CPE", Package: "golang:go", Compared: "1.20.1", Range: "> 1.20"}}},
				Package: program, Distinct: advisory.Package{Ecosystem: "CPE"},
			},
			{Finding: advisory.Finding{ID: "GHSA-1", IDs: []string{"GHSA-1"}, State: advisory.NotFixed}, Package: jar, Ignored: "the distribution decides"},
		},
		Gaps: gaps,
		Base: &image.KnownBase{Digest: image.DigestOf([]byte("base")), Tags: []string{"docker.io/library/debian:12"}, Layers: 1},
		Verdict: &Verdict{Policy: "default", Action: "stop", Reason: "policy_evaluation", Rows: []Row{
			{Gate: "vulnerabilities", Trigger: "package", TriggerID: "CVE-2026-1+openssl", Message: "CRITICAL …", Action: "stop"},
			{Gate: "dockerfile", Trigger: "exposed_ports", TriggerID: "x", Message: "port 22", Action: "go", Allowed: "our list", AllowedItem: "i1", AllowedReason: "behind the |gate|", AllowedUntil: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
			{Gate: "files", Trigger: "name_match", TriggerID: "y", Message: "file=/a\nb::error::x <script>alert(1)</script> @all \x1b[31m", Action: "warn"},
		}, Problems: []string{"a rule took too long"}},
	}
}

func TestIgnoredBy(t *testing.T) {
	t.Parallel()
	for want, reasons := range map[string][]string{
		"1 by VEX":              {"VEX openvex-1 of Us: fixed"},
		"2 by VEX, 1 by a rule": {"VEX: not affected", "the distribution decides", "VEX doc: not affected, code not present"},
		"2 by a rule":           {"the distribution decides", "VEXATION"},
	} {
		if diff := cmp.Diff(want, IgnoredBy(reasons)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	for _, format := range Formats() {
		var b bytes.Buffer
		if err := Write(&b, format, result(), Style{Indent: true}); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if strings.Contains(b.String(), "\x1b") {
			t.Errorf("%s: a name from the image reaches the terminal as it is", format)
		}
		if (strings.HasSuffix(format, "json") || format == "sarif") && !json.Valid(b.Bytes()) {
			t.Errorf("%s: not JSON", format)
		}
		if slices.Contains(sbom.Formats(), format) && format != "cyclonedx-json" {
			continue // package sbom has their golden files; this one alone carries findings
		}
		golden := filepath.Join("testdata", format+".golden")
		if *update {
			if err := os.WriteFile(golden, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
	if err := Write(&bytes.Buffer{}, EvaluationJSON, &Result{}, Style{}); err == nil {
		t.Error("a verdict was written that there is not")
	}
	if err := Write(&bytes.Buffer{}, "xml", result(), Style{}); err == nil {
		t.Error("an unknown form was written")
	}
}
