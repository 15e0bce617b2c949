package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

// observed has one of everything that an analysis says besides packages, and names that try to steer a terminal.
func observed() *Result {
	a := &image.Analysis{
		Schema: 1, Digest: image.DigestOf([]byte("manifest")), Platform: image.DefaultPlatform,
		Secrets: []image.TextMatch{
			{Place: "env TOKEN", Rule: "github_pat", Line: 1, Layer: -1, HMAC: "cc03"},
			{Path: "app/\x1b[31m.env", Rule: "API_KEY", Pattern: "(?i).*api_key=.*", Line: 3, Layer: 1, HMAC: "aa01", More: 2},
			{Path: "root/id_rsa", Rule: "PRIV_KEY", Pattern: "-+BEGIN", Line: 1, Removed: true, HMAC: "bb01"},
			{Path: "etc/x", Pattern: ".*unnamed.*", Line: 7, HMAC: "bb02"},
		},
		Matches:   []image.TextMatch{{Path: "etc/motd", Pattern: ".*TODO.*", Line: 2}},
		Retrieved: []image.RetrievedFile{{Path: "etc/passwd", Content: []byte("root:x:0:0\n")}},
		Malware: &image.Malware{Scanner: "clamav", Version: "ClamAV 1.0.7/27100/Tue Nov 14 09:40:00 2023", Findings: []image.MalwareFinding{
			{Path: "opt/x.bin", Signature: "Unix.Test.Sample-1", Layer: 1}, {Path: "tmp/gone", Signature: "Unix.Test.Sample-1", Removed: true},
		}},
		Special:  []image.SpecialFile{{Path: "usr/bin/su", Mode: "4755"}},
		Declared: []image.Package{{Type: image.NPM, Name: "lodash", Version: "4.17.21", Location: "app/package-lock.json"}},
	}
	openssl := image.PackageRef{Type: image.Deb, Name: "openssl", Version: "3.0.9-1", Arch: "amd64"}
	a.Verification = image.Verification{Compared: 120, Uncompared: 4, Differences: []image.FileDifference{
		{Path: "etc/ssl/openssl.cnf", Package: openssl, Status: image.FileChanged, Config: true, Detail: "md5 aa, not bb"},
		{Path: "usr/share/doc/openssl", Package: openssl, Status: image.FileMissing},
		{Path: "usr/bin/c_rehash", Package: openssl, Status: image.FileModeChanged, Detail: "mode 4755, not 755"},
		{Path: "usr/bin/openssl", Package: openssl, Status: image.FileChanged, Detail: "md5 11, not 22"},
	}}
	return &Result{Name: "example:1", Analysis: a, Version: "1.2.3"}
}

func TestObservations(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"table", "json", "sarif"} {
		var b bytes.Buffer
		if err := Write(&b, format, observed(), Style{Indent: true}); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if strings.Contains(b.String(), "\x1b") {
			t.Errorf("%s: a name from the image reaches the terminal as it is", format)
		}
		if format != "table" && !json.Valid(b.Bytes()) {
			t.Errorf("%s: not JSON", format)
		}
		golden := filepath.Join("testdata", "observed-"+format+".golden")
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
}

// The table stays short and says what it leaves out; nothing found by a scanner is not the same as no scanner.
func TestManyObservations(t *testing.T) {
	t.Parallel()
	r := &Result{Name: "x", Analysis: &image.Analysis{Malware: &image.Malware{Scanner: "clamav", Version: "ClamAV 1.0.7"}}}
	for i := range 100 {
		r.Analysis.Secrets = append(r.Analysis.Secrets, image.TextMatch{Path: image.Path(fmt.Sprintf("f%d", i)), Rule: "r", Line: 1})
		r.Analysis.Verification.Differences = append(r.Analysis.Verification.Differences, image.FileDifference{Path: "x", Status: image.FileMissing})
	}
	var b bytes.Buffer
	if err := Write(&b, "table", r, Style{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"… and 80 more", "Secrets: 100\n", "Malware: none found by clamav (ClamAV 1.0.7)\n", "Packaged files: 0 compared, 100 missing\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if n := strings.Count(b.String(), "\n"); n > 70 {
		t.Errorf("%d lines", n)
	}
	b.Reset()
	if err := Write(&b, "table", &Result{Analysis: &image.Analysis{}}, Style{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "Malware") || strings.Contains(b.String(), "Secret") || strings.Contains(b.String(), "Packaged") {
		t.Errorf("of an image without any:\n%s", b.String())
	}
}
