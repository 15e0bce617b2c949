package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/client"
	"landwaiter.dev/server/servertest"
)

// Everything that an analysis says arrives, through the real server.
func TestObservations(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c := against(t, servertest.New())
	img, err := c.Add(ctx, client.AddImage{Tag: "team/web:1.4"})
	if err != nil {
		t.Fatal(err)
	}
	var refusal *client.Error
	if _, err := c.Retrieved(ctx, img.Digest); !errors.As(err, &refusal) || refusal.Status != http.StatusNotFound || refusal.Code != "not_analyzed" {
		t.Errorf("before the analysis: %v", err)
	}
	if _, err := c.Wait(ctx, img.Digest, time.Millisecond, nil); err != nil {
		t.Fatal(err)
	}
	gap := []client.Gap{{Kind: "unidentified_package", Path: "app/lib/x.jar", Layer: 1, Detail: "no coordinates"}}
	openssl := client.PackageRef{Type: "deb", Name: "openssl", Version: "3.0.9-1", Arch: "amd64"}

	secrets, err := c.Secrets(ctx, img.Digest)
	if err != nil || len(secrets.Matches) != 5 {
		t.Fatal(secrets, err)
	}
	want := []client.TextMatch{
		{Rule: "github_pat", Regex: "builtin:github_pat", Place: "env TOKEN", Line: 1, Layer: -1, HMAC: "cc03"},
		{Rule: "PRIV_KEY", Regex: "-+BEGIN", Path: "/root/\x1b[2Jid_rsa", Line: 1, Removed: true, HMAC: "bb01"},
	}
	if diff := cmp.Diff(want, []client.TextMatch{secrets.Matches[0], secrets.Matches[4]}); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	matches, err := c.Matches(ctx, img.Digest)
	if diff := cmp.Diff([]client.TextMatch{{Regex: ".*TODO.*", Path: "/etc/motd", Line: 2}}, matches.Matches); diff != "" || err != nil {
		t.Errorf("matches: %v (-want +got):\n%s", err, diff)
	}
	verification, err := c.Verification(ctx, img.Digest)
	if diff := cmp.Diff(client.Verification{Digest: img.Digest, Compared: 120, Uncompared: 4, Gaps: gap, Differences: []client.FileDifference{
		{Path: "/etc/ssl/openssl.cnf", Package: openssl, Status: "changed", Config: true, Detail: "md5 aa, not bb"},
		{Path: "/usr/bin/openssl", Package: openssl, Status: "changed", Detail: "md5 11, not 22"},
	}}, verification); diff != "" || err != nil {
		t.Errorf("verification: %v (-want +got):\n%s", err, diff)
	}
	special, err := c.SpecialFiles(ctx, img.Digest)
	if diff := cmp.Diff([]client.SpecialFile{{Path: "/usr/bin/su", Mode: "4755", GID: 50}, {Path: "/usr/bin/ping", Mode: "755", Capabilities: true, Layer: 1}}, special.Files); diff != "" || err != nil {
		t.Errorf("special files: %v (-want +got):\n%s", err, diff)
	}
	declared, err := c.Declared(ctx, img.Digest)
	if diff := cmp.Diff([]client.DeclaredPackage{{Name: "lodash", Version: "4.17.21", Type: "NPM", Location: "/app/package-lock.json"}}, declared.Packages); diff != "" || err != nil {
		t.Errorf("declared: %v (-want +got):\n%s", err, diff)
	}
	gaps, err := c.Gaps(ctx, img.Digest)
	// What could not be seen, and what could not be matched, as the list of vulnerabilities has them.
	if diff := cmp.Diff(append(gap, client.Gap{Kind: "no_advisories", Layer: -1, Detail: "no advisory data for Packagist"}), gaps); diff != "" || err != nil {
		t.Errorf("gaps: %v (-want +got):\n%s", err, diff)
	}
	layers, err := c.Layers(ctx, img.Digest)
	if err != nil || len(layers) != 2 || layers[1].Dockerfile != "RUN /bin/sh -c make" || layers[1].Index != 1 || layers[0].Size != 100 {
		t.Errorf("layers: %+v, %v", layers, err)
	}
	files, err := c.Retrieved(ctx, img.Digest)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if content, err := files[0].Bytes(); err != nil || !strings.HasPrefix(string(content), "root:x:0:0") {
		t.Errorf("%q, %v", content, err)
	}
	if _, err := (&client.RetrievedFile{Path: "x", Content: "?"}).Bytes(); err == nil {
		t.Error("content that is no base64 was taken")
	}
}
